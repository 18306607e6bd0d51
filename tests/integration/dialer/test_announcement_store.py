"""Books of announcements on a real PostgreSQL: they follow what is stored, tenants are apart."""

from __future__ import annotations

from base64 import b64encode
from uuid import UUID, uuid4

import pytest
from tests.conftest import MakeDatabase
from tests.support.audio import spoken_wav

from ringway.dialer import announcement_store, announcements
from ringway.dialer.announcements import AnnouncementRequests, Announcements
from ringway.proto import dialer_announcements as p
from ringway.proto.dialer_spec import NumberState
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused
from ringway.runtime.postgres import Pool

pytestmark = pytest.mark.integration

PLATFORM = UUID(int=0)


async def test_books_follow_what_is_stored_and_tenants_do_not_hear_each_other(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcements, "_LOOK_AGAIN_S", 0.0)
    monkeypatch.setattr(announcement_store, "MOST", 2)
    database = await make_database("dialer")
    mine, others = uuid4(), uuid4()
    dsn = database.dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=2, application_name="test") as pool:
        requests, books = AnnouncementRequests(pool), Announcements(pool)

        async def put(tenant: UUID, key: str, meaning: NumberState, words: int) -> None:
            question = p.PutAnnouncementV1(
                occurred_at=utcnow(), tenant=str(tenant), announcement_id=key, name=key,
                meaning=meaning, audio=b64encode(spoken_wav(words)[44:]).decode(),
            )  # fmt: skip
            await requests.put(question)

        async def known(tenant: UUID) -> list[tuple[str, str]]:
            book = await books.book(tenant)
            return [(each.key, each.meaning) for each in book.recordings]

        async def remove(tenant: UUID, key: str) -> None:
            question = p.RemoveAnnouncementV1(
                occurred_at=utcnow(), tenant=str(tenant), announcement_id=key
            )
            await requests.remove(question)

        assert await known(mine) == []
        await put(PLATFORM, "all", NumberState.VACANT, 0)
        await put(mine, "a", NumberState.BUSY, 1)
        assert await known(mine) == [("all", "vacant"), ("a", "busy")]
        assert await known(others) == [("all", "vacant")]
        await put(mine, "a", NumberState.BARRED, 1)  # the same again, with another meaning
        assert await known(mine) == [("all", "vacant"), ("a", "barred")]
        with pytest.raises(Refused, match="announcement_not_found"):
            await remove(others, "a")
        with pytest.raises(Refused, match="announcement_not_found"):
            await remove(mine, "all")
        await put(mine, "b", NumberState.BUSY, 2)
        with pytest.raises(Refused, match="too_many_announcements"):
            await put(mine, "c", NumberState.BUSY, 3)
        await put(mine, "b", NumberState.BUSY, 3)  # a change is none more
        await remove(mine, "a")
        assert await known(mine) == [("all", "vacant"), ("b", "busy")]
