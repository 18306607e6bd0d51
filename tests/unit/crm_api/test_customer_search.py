"""What customers are compared with, and what becomes of a list that is too much."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ringway.crm_api.customers import listing
from ringway.crm_api.customers.fields import Fields
from ringway.crm_api.customers.filters import CustomerFilter
from ringway.crm_api.customers.scope import everything
from ringway.crm_api.customers.search import after_prefix
from ringway.crm_api.errors import Invalid

pytestmark = pytest.mark.unit

_TEXTS = st.text(st.sampled_from("ab\ud7ff\ue000\U0010fffe\U0010ffff"), max_size=3)


@given(_TEXTS, _TEXTS)
@example("", "")
@example("\ud7ff", "\ue000")
@example("a\U0010ffff", "a\U0010ffff\U0010ffff")
def test_texts_that_begin_so_are_one_range(prefix: str, text: str) -> None:
    end = after_prefix(prefix)
    is_inside = text >= prefix and (end is None or text < end)
    assert is_inside is text.startswith(prefix)
    assert end is None or end.encode()  # no surrogate


class _Busy:
    """A connection on which everything takes too long."""

    async def fetch(self, *_: object) -> list[object]:
        raise asyncpg.QueryCanceledError("canceling statement due to statement timeout")


@pytest.mark.parametrize("sort", [None, "name"])
async def test_list_that_reads_too_much_says_what_to_do(sort: str | None) -> None:
    busy: Any = _Busy()
    known = Fields()
    with pytest.raises(Invalid, match="add a filter") as refusal:
        await listing.page(
            busy,
            wanted=[CustomerFilter(name="an")],
            scope=everything(UUID(int=1)),
            fields=known,
            sort=listing.order(known, sort),
            after=None,
            limit=10,
        )
    assert refusal.value.code == "list_too_slow"
