"""Saved queriers: who sees them, who changes them, and asking them with one's own rights."""

from __future__ import annotations

import hashlib
from uuid import UUID

from ringway.crm_api.access import Caller, Role
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.queriers.query import Query
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
)
from ringway.crm_api.etag import says_nothing_new
from ringway.crm_api.objects.catalogue import role_of
from ringway.crm_api.queriers import running, store
from ringway.crm_api.queriers.schemas import (
    AnswerView,
    ColumnView,
    QuerierBody,
    QuerierView,
    RunBody,
)
from ringway.crm_api.schemas import decode_cursor, encode_cursor
from ringway.crm_api.teams import service as teams_service
from ringway.crm_api.teams import store as teams
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

DEEPEST = 10_000  # rows that pages go through
_MOST_QUERIERS = 2_000
UNREADABLE = (
    "Its query is of another release and cannot be read: write it again and save it, or remove it."
)


async def create(
    deps: Deps, caller: Caller, new: QuerierBody, template: str | None = None
) -> QuerierView:
    """Save a querier of the caller's own.

    Raises:
        Invalid: It asks for what is not there for him, or is shared with a team that is not.
        Conflict: There are too many.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        (await running.joined(deps, caller, conn)).columns(new.query)
        await teams_service.check_known(conn, caller.tenant_id, new.shared_team_ids)
        if await store.count(conn, tenant_id=caller.tenant_id) >= _MOST_QUERIERS:
            raise Conflict(
                "queriers_too_many", f"There are {_MOST_QUERIERS} queriers: remove some."
            )
        made = await store.add(
            conn,
            tenant_id=caller.tenant_id,
            querier_id=uuid7(),
            owner_id=caller.user_id,
            name=new.name,
            description=new.description,
            query=new.query,
            shared_roles=new.shared_roles,
            shared_team_ids=new.shared_team_ids,
            template=template,
            now=deps.now(),
        )
        await _note(deps, conn, caller, "querier.created", made)
    return view(made)


async def change(
    deps: Deps, caller: Caller, querier_id: UUID, version: int | None, wanted: QuerierBody
) -> QuerierView:
    """Change a querier of one's own.

    Raises:
        NotFound: There is none that the caller sees.
        Forbidden: It is somebody else's.
        PreconditionFailed: It was changed since ``version``.
        Invalid: As for :func:`create`.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await find(conn, caller, querier_id, lock=True)
        _check_owner(caller, present)
        _check_version(present, version)
        if says_nothing_new(view(present), wanted):
            return view(present)
        (await running.joined(deps, caller, conn)).columns(wanted.query)
        await teams_service.check_known(conn, caller.tenant_id, wanted.shared_team_ids)
        changed = await store.change(
            conn,
            tenant_id=caller.tenant_id,
            querier_id=querier_id,
            name=wanted.name,
            description=wanted.description,
            query=wanted.query,
            shared_roles=wanted.shared_roles,
            shared_team_ids=wanted.shared_team_ids,
            now=deps.now(),
        )
        await _note(deps, conn, caller, "querier.changed", changed)
    return view(changed)


async def remove(deps: Deps, caller: Caller, querier_id: UUID, version: int | None) -> None:
    """Remove a querier with its schedules and answers. Raises as :func:`change`."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await find(conn, caller, querier_id, lock=True)
        _check_owner(caller, present)
        _check_version(present, version)
        await store.remove(conn, tenant_id=caller.tenant_id, querier_id=querier_id)
        await _note(deps, conn, caller, "querier.removed", present)


async def get(deps: Deps, caller: Caller, querier_id: UUID) -> QuerierView:
    """Return a querier that the caller sees. Raises NotFound."""
    async with running.session(deps, caller) as session:
        return _looked_at(session, await find(session.conn, caller, querier_id))


async def page(deps: Deps, caller: Caller, before: UUID | None, limit: int) -> list[QuerierView]:
    """Return queriers that the caller sees, newest first."""
    async with running.session(deps, caller) as session:
        found = await store.page(
            session.conn,
            tenant_id=caller.tenant_id,
            sight=await sight(session.conn, caller),
            before=before,
            limit=limit,
        )
        return [_looked_at(session, each) for each in found]


async def find(
    conn: Connection, caller: Caller, querier_id: UUID, *, lock: bool = False
) -> store.Querier:
    """Return a querier that the caller sees; others answer as if they did not exist.

    Raises:
        NotFound: There is none for him.
    """
    found = await store.get(
        conn,
        tenant_id=caller.tenant_id,
        querier_id=querier_id,
        sight=await sight(conn, caller),
        lock=lock,
    )
    if found is None:
        raise NotFound("querier_not_found", f"There is no querier {querier_id}.")
    return found


def question(querier: store.Querier) -> Query:
    """Return what a querier asks.

    Raises:
        Conflict: What is stored cannot be read: it needs repair.
    """
    if querier.query is None:
        raise Conflict("querier_needs_repair", UNREADABLE)
    return querier.query


async def sight(conn: Connection, caller: Caller) -> store.Sight:
    """Return whose queriers the caller sees: an enterprise's admin all of them."""
    mine = await teams.teams_of(conn, tenant_id=caller.tenant_id, user_ids=[caller.user_id])
    above = await teams.above(conn, tenant_id=caller.tenant_id, team_ids=list(mine.values()))
    return store.Sight(caller.user_id, role_of(caller), tuple(above), is_admin(caller))


def is_admin(caller: Caller) -> bool:
    """Whether the caller looks after all queriers: he sees and changes them, and sees no more

    rows by them than anybody with his rights.
    """
    return caller.role is Role.ENTERPRISE_ADMIN and caller.own_role is None


async def ask(deps: Deps, caller: Caller, query: Query, how: RunBody) -> AnswerView:
    """Ask with the rights of the caller.

    Raises:
        Invalid: It asks for what is not there for him.
        Conflict: It takes too long, or is paged too deep.
        BadRequest: The cursor is of another query.
    """
    query = running.narrowed(query, how.where)
    mark = _mark(query)
    offset = _offset(how.cursor, mark)
    if offset >= DEEPEST:
        raise Conflict(
            "querier_too_many_rows",
            f"Pages show {DEEPEST} rows. Ask for fewer, or export the result.",
        )
    async with running.session(deps, caller) as session:
        found = await session.rows(query, limit=how.limit, offset=offset)
        total = await session.count(query, most=DEEPEST + 1) if how.with_total else None
        asked = session.asked
    following = encode_cursor(str(offset + len(found.rows)), mark)
    return AnswerView(
        columns=columns(found),
        rows=found.rows,
        row_ids=found.row_ids,
        total=min(total, DEEPEST) if total is not None else None,
        total_is_least=total is not None and total > DEEPEST,
        next_cursor=following if found.has_more else None,
        zone=asked.zone,
        asked_at=asked.now,
    )


def columns(found: running.Answer) -> list[ColumnView]:
    """Return the columns of an answer."""
    return [ColumnView.model_validate(each) for each in found.columns]


def view(querier: store.Querier, repair: str = "") -> QuerierView:
    """Return a querier as the API shows it, with what must be done before it can be asked."""
    repair = repair or (UNREADABLE if querier.query is None else "")
    shown = {
        name: getattr(querier, name)
        for name in QuerierView.model_fields
        if name not in ("state", "repair")
    }
    return QuerierView(**shown, state="needs_repair" if repair else "ready", repair=repair)


def _looked_at(session: running.Session, querier: store.Querier) -> QuerierView:
    if querier.query is None:
        return view(querier)
    try:
        session.columns(querier.query)
    except Invalid as error:
        return view(querier, f"{error.detail} Change the query and save it, or remove it.")
    return view(querier)


def _mark(query: Query) -> str:
    return hashlib.sha256(store.written(query).encode()).hexdigest()[:16]


def _offset(cursor: str | None, mark: str) -> int:
    if cursor is None:
        return 0
    offset, of = decode_cursor(cursor, 2)
    if of != mark or not (offset.isascii() and offset.isdigit() and len(offset) <= 9):
        raise BadRequest("cursor_invalid", "Use next_cursor of the previous page unchanged.")
    return int(offset)


def _check_owner(caller: Caller, querier: store.Querier) -> None:
    if querier.owner_id != caller.user_id and not is_admin(caller):
        raise Forbidden("not_the_owner", "Only its owner changes a querier. Make one like it.")


def _check_version(present: store.Querier, version: int | None) -> None:
    if version is not None and version != present.version:
        raise PreconditionFailed(
            "querier_changed",
            "The querier was changed meanwhile; `current` is what it is now.",
            extra={"current": view(present).model_dump(mode="json", by_alias=True)},
        )


async def _note(
    deps: Deps, conn: Connection, caller: Caller, action: str, querier: store.Querier
) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=action,
        object_type="querier",
        object_id=querier.querier_id,
        detail={
            "name": querier.name,
            "source": querier.query.source if querier.query is not None else None,
            "shared_roles": list(querier.shared_roles),
            "shared_team_ids": [str(each) for each in querier.shared_team_ids],
        },
    )
