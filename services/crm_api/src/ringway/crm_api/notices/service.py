"""Notices: written, published, read, withdrawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller, Permission, roles_of_tenant
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from ringway.crm_api.etag import says_nothing_new
from ringway.crm_api.features import Feature
from ringway.crm_api.notices import store
from ringway.crm_api.notices.schemas import NoticeBody, NoticeState, NoticeView, Priority
from ringway.crm_api.objects.catalogue import role_of
from ringway.crm_api.teams import store as teams
from ringway.crm_api.users import store as users
from ringway.proto.crm_knowledge import Audience, NoticePublishedV1, NoticeWithdrawnV1
from ringway.runtime import outbox
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_SCHEMA = "crm"
_LONGEST = 1_000
_SYSTEM_SHOWN = timedelta(days=14)


async def create(deps: Deps, caller: Caller, new: NoticeBody) -> NoticeView:
    """Write a notice; nobody is shown it until it is published.

    Raises:
        Invalid: A user, team or role does not exist.
        Forbidden: It is not for the teams that the caller leads.
    """
    now = deps.now()
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await _check_audience(conn, caller, new)
        notice = store.Notice(
            notice_id=uuid7(),
            state=NoticeState.DRAFT.value,
            version=1,
            created_by=caller.user_id,
            author=caller.username,
            created_at=now,
            updated_at=now,
            published_at=None,
            withdrawn_at=None,
            **_values(deps, new),
        )
        made = await store.put(conn, tenant_id=caller.tenant_id, notice=notice)
        await _audit(deps, conn, caller, "created", made, new.model_dump(mode="json"))
    return NoticeView.model_validate(made)


async def change(
    deps: Deps, caller: Caller, notice_id: UUID, version: int | None, wanted: NoticeBody
) -> NoticeView:
    """Change a notice that is not published.

    Raises:
        NotFound, Forbidden, Invalid: As for :func:`create`; or it is somebody else's.
        PreconditionFailed: It was changed since ``version``.
        Conflict: It is published or withdrawn: people have read what it says.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await own(conn, caller, notice_id, version)
        if present.state != NoticeState.DRAFT:
            raise Conflict("notice_published", "Withdraw it and write another: it has been shown.")
        if wanted.begins_at is None and present.begins_at <= deps.now():
            wanted = wanted.model_copy(update={"begins_at": present.begins_at})  # it has begun
        shown = NoticeView.model_validate(present)
        if says_nothing_new(shown, wanted):
            return shown
        await _check_audience(conn, caller, wanted)
        changed = replace(present, updated_at=deps.now(), **_values(deps, wanted))
        made = await store.put(conn, tenant_id=caller.tenant_id, notice=changed)
        await _audit(deps, conn, caller, "changed", made, wanted.model_dump(mode="json"))
    return NoticeView.model_validate(made)


async def publish(deps: Deps, caller: Caller, notice_id: UUID, version: int | None) -> NoticeView:
    """Show a notice to those whom it is for, from its beginning on, and tell them live.

    Raises:
        NotFound, Forbidden, PreconditionFailed: As for :func:`change`.
        Conflict: It was published before, or is over.
    """
    now = deps.now()
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await own(conn, caller, notice_id, version)
        if present.state != NoticeState.DRAFT:
            raise Conflict("notice_published", f"It is {present.state} already.")
        if present.ends_at <= now:
            raise Conflict("notice_over", "Its time is over: give it another ends_at.")
        changed = replace(
            present, state=NoticeState.PUBLISHED.value, published_at=now, updated_at=now
        )
        made = await store.put(conn, tenant_id=caller.tenant_id, notice=changed)
        await outbox.add(conn, _SCHEMA, _published(caller.tenant_id, made, now))
        await _audit(deps, conn, caller, "published", made, {})
    return NoticeView.model_validate(made)


async def tell(
    deps: Deps, conn: Connection, *, tenant_id: UUID, user_id: UUID, text_en: str, text_zh: str
) -> None:
    """Show one person a notice of the system's for two weeks, live and when he comes back.

    Without the feature nobody is shown any.
    """
    if not await store.has_feature(conn, tenant_id=tenant_id):
        return
    now = deps.now()
    notice = store.Notice(
        notice_id=uuid7(),
        text_zh=text_zh[:_LONGEST],
        text_en=text_en[:_LONGEST],
        begins_at=now,
        ends_at=now + _SYSTEM_SHOWN,
        priority=Priority.HIGH.value,
        must_confirm=False,
        is_for_all=False,
        user_ids=[user_id],
        team_ids=[],
        roles=[],
        state=NoticeState.PUBLISHED.value,
        version=1,
        created_by=user_id,
        author="Ringway",
        created_at=now,
        updated_at=now,
        published_at=now,
        withdrawn_at=None,
    )
    await show(conn, tenant_id, notice, now)


async def show(conn: Connection, tenant_id: UUID, notice: store.Notice, now: datetime) -> None:
    """Store a notice that is published, and tell those live whom it is for."""
    made = await store.put(conn, tenant_id=tenant_id, notice=notice)
    await outbox.add(conn, _SCHEMA, _published(tenant_id, made, now))


async def hide(
    conn: Connection, tenant_id: UUID, notice: store.Notice, now: datetime
) -> store.Notice:
    """Show a notice no more, and tell those live who saw it."""
    over = replace(notice, state=NoticeState.WITHDRAWN.value, withdrawn_at=now, updated_at=now)
    made = await store.put(conn, tenant_id=tenant_id, notice=over)
    fact = NoticeWithdrawnV1(
        occurred_at=now,
        tenant=str(tenant_id),
        notice_id=str(made.notice_id),
        audience=_audience(made),
        is_warning=made.is_warning,
    )
    await outbox.add(conn, _SCHEMA, fact)
    return made


async def withdraw(deps: Deps, caller: Caller, notice_id: UUID, version: int | None) -> NoticeView:
    """Show a notice no more. Who has read it stays known. Raises as :func:`publish` does."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await own(conn, caller, notice_id, version)
        if present.state != NoticeState.PUBLISHED:
            raise Conflict("notice_not_published", f"It is {present.state}.")
        made = await hide(conn, caller.tenant_id, present, deps.now())
        await _audit(deps, conn, caller, "withdrawn", made, {})
    return NoticeView.model_validate(made)


async def remove(deps: Deps, caller: Caller, notice_id: UUID, version: int | None) -> None:
    """Remove a notice that is not shown. Raises Conflict when it is published."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await own(conn, caller, notice_id, version)
        if present.state == NoticeState.PUBLISHED:
            raise Conflict("notice_published", "Withdraw it first: POST …/withdraw.")
        await store.remove(conn, tenant_id=caller.tenant_id, notice_id=notice_id)
        await _audit(deps, conn, caller, "removed", present, {})


async def find(
    conn: Connection, caller: Caller, notice_id: UUID, *, lock: bool = False
) -> store.Notice:
    """Return a notice of the tenant. Raises NotFound."""
    found = await store.get(conn, tenant_id=caller.tenant_id, notice_id=notice_id, lock=lock)
    if found is None:
        raise NotFound("notice_not_found", f"There is no notice {notice_id}.")
    return found


async def own(
    conn: Connection, caller: Caller, notice_id: UUID, version: int | None
) -> store.Notice:
    """Return a notice that the caller may change, and let nobody else change it meanwhile.

    Raises:
        NotFound: There is no such notice.
        Forbidden: Somebody else wrote it, and the caller does not keep all teams; or it is a
            warning of the platform's.
        PreconditionFailed: It was changed since ``version``.
    """
    found = await find(conn, caller, notice_id, lock=True)
    if found.is_warning:
        raise Forbidden("notice_of_platform", "Only who runs the platform withdraws its warnings.")
    if found.created_by != caller.user_id and not caller.may(Permission.TEAMS_WRITE):
        raise Forbidden("not_the_owner", f"It is {found.author}'s notice.")
    if version is not None and version != found.version:
        raise PreconditionFailed(
            "notice_changed",
            "The notice was changed meanwhile; `current` is what it is now.",
            extra={"current": NoticeView.model_validate(found).model_dump(mode="json")},
        )
    return found


async def reader_of(conn: Connection, caller: Caller) -> store.Reader:
    """Return by what notices reach the caller: himself, his role, his teams with all above."""
    tenant_id = caller.tenant_id
    rows = await conn.fetch(
        """
        SELECT team_id FROM crm.team_member WHERE tenant_id = $1 AND user_id = $2
         UNION SELECT team_id FROM crm.team_leader WHERE tenant_id = $1 AND user_id = $2
        """,
        *(tenant_id, caller.user_id),
    )
    above = await teams.above(conn, tenant_id=tenant_id, team_ids=[row["team_id"] for row in rows])
    has_notices = Feature.NOTICES not in caller.features_off
    return store.Reader(tenant_id, caller.user_id, role_of(caller), sorted(above), has_notices)


async def note_read(deps: Deps, caller: Caller, notice_id: UUID, *, is_confirmed: bool) -> None:
    """Keep that the caller has read a notice that he is shown. Raises NotFound."""
    now = deps.now()
    async with deps.pool.tenant(caller.tenant_id) as conn:
        reader = await reader_of(conn, caller)
        if not await store.is_shown(conn, reader=reader, now=now, notice_id=notice_id):
            raise NotFound("notice_not_found", f"There is no notice {notice_id} for you now.")
        await store.note_read(
            conn,
            tenant_id=caller.tenant_id,
            notice_id=notice_id,
            user_id=caller.user_id,
            is_confirmed=is_confirmed,
            now=now,
        )


async def _check_audience(conn: Connection, caller: Caller, wanted: NoticeBody) -> None:
    tenant_id = caller.tenant_id
    known = await users.existing(conn, tenant_id=tenant_id, user_ids=wanted.user_ids)
    for n, user_id in enumerate(wanted.user_ids):
        if user_id not in known:
            raise Invalid("user_unknown", f"user_ids.{n}: there is no user {user_id}.")
    for team_id in await teams.unknown(conn, tenant_id=tenant_id, team_ids=wanted.team_ids):
        raise Invalid("team_unknown", f"team_ids: there is no team {team_id}.")
    rows = await conn.fetch(
        "SELECT role_key FROM crm.role WHERE tenant_id = $1 AND role_key = ANY ($2)",
        *(tenant_id, wanted.roles),
    )
    roles = {role.value for role in roles_of_tenant(tenant_id)} | {row["role_key"] for row in rows}
    for n, role in enumerate(wanted.roles):
        if role not in roles:
            raise Invalid("role_unknown", f"roles.{n}: there is no role {role}.")
    if caller.may(Permission.TEAMS_WRITE):
        return
    leads = await teams.led_by(conn, tenant_id=tenant_id, user_id=caller.user_id)
    theirs = await teams.teams_of(conn, tenant_id=tenant_id, user_ids=wanted.user_ids)
    alone = {each for each in wanted.user_ids if each != caller.user_id and each not in theirs}
    reached = {*wanted.team_ids, *(t for user, t in theirs.items() if user != caller.user_id)}
    if wanted.is_for_all or wanted.roles or alone or not reached <= leads:
        raise Forbidden(
            "team_not_yours", "Leaders write notices to the teams that they lead, and their people."
        )


def _values(deps: Deps, wanted: NoticeBody) -> dict[str, Any]:
    values = wanted.model_dump()
    return {
        **values,
        "begins_at": wanted.begins_at or deps.now(),
        "priority": wanted.priority.value,
        "user_ids": list(dict.fromkeys(wanted.user_ids)),
        "team_ids": list(dict.fromkeys(wanted.team_ids)),
        "roles": list(dict.fromkeys(wanted.roles)),
    }


def _published(tenant_id: UUID, made: store.Notice, now: datetime) -> NoticePublishedV1:
    return NoticePublishedV1(
        occurred_at=now,
        tenant=str(tenant_id),
        notice_id=str(made.notice_id),
        priority=made.priority,
        must_confirm=made.must_confirm,
        begins_at=made.begins_at,
        ends_at=made.ends_at,
        audience=_audience(made),
        is_warning=made.is_warning,
    )


def _audience(notice: store.Notice) -> Audience:
    return Audience(
        is_for_all=notice.is_for_all,
        user_ids=tuple(str(each) for each in notice.user_ids),
        team_ids=tuple(str(each) for each in notice.team_ids),
        roles=tuple(notice.roles),
    )


async def _audit(
    deps: Deps, conn: Connection, caller: Caller, what: str, notice: store.Notice, detail: Any
) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=f"notice.{what}",
        object_type="notice",
        object_id=notice.notice_id,
        detail=detail,
    )
