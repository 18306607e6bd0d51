"""What is asked of the call history, as conditions of one statement.

A page begins in an index, wherever it is: in that of the agent, queue, campaign or number that is
asked for, else in the primary key, whose ids are in the order in which interactions began. A window
of time is a range of that key, too; all else is looked at row by row within it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ringway.crm_api.interactions.store import COLUMNS, Interaction, interaction_of
from ringway.runtime.postgres import Connection

# Of the transaction of a page: values decide which index is the right one, and tenants differ. One
# that reads too many interactions is given up.
PLANNED = {"plan_cache_mode": "force_custom_plan", "statement_timeout": "8000"}
# An interaction is answered less than this after it began, which its id tells; clocks differ less.
_ID_SLACK = timedelta(days=1)
# When it was: an index has this very expression.
_AT = "coalesce(answered_at, started_at, connected_at, ended_at)"
_TOTAL_S = (
    "extract(epoch FROM coalesce(disconnected_at, ended_at) "
    "- coalesce(started_at, answered_at, connected_at))"
)


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked for; None means any.

    Args:
        begins_at, ends_at: A window in which it was answered or, if it never was, began.
        agent_ids: Any of them.
        number, number_prefix: Either side's, or what one of them begins with.
        phones, linked: Of a customer: his numbers on either side, and talks put with him by hand.
        min_talk_s, max_talk_s, min_total_s, max_total_s: Seconds, inclusive.
    """

    begins_at: datetime | None = None
    ends_at: datetime | None = None
    campaign_id: UUID | None = None
    agent_id: UUID | None = None
    agent_ids: Sequence[UUID] | None = None
    agent_number: str | None = None
    caller: str | None = None
    called: str | None = None
    number: str | None = None
    number_prefix: str | None = None
    phones: Sequence[str] | None = None
    linked: Sequence[UUID] = ()
    direction: str | None = None
    disposition: str | None = None
    outcome: str | None = None
    agent_disposition: str | None = None
    is_live: bool | None = None
    has_recording: bool | None = None
    queue_id: str | None = None
    min_talk_s: float | None = None
    max_talk_s: float | None = None
    min_total_s: float | None = None
    max_total_s: float | None = None


async def page(
    conn: Connection, *, tenant_id: UUID, wanted: Filter, before: UUID | None, limit: int
) -> list[Interaction]:
    """Return interactions, newest first: their ids are in the order of their beginning.

    The transaction should have the settings :data:`PLANNED`; then a page that reads too many
    interactions raises ``asyncpg.QueryCanceledError``.
    """
    values: list[object] = [tenant_id, limit]
    conditions = ""
    # Only what is asked for is in the statement: the same one for any filter could not begin where
    # the page does, and would read all that comes before it.
    for sql, given in _conditions(wanted, before):
        places = [f"${len(values) + n}" for n in range(1, len(given) + 1)]
        conditions += f" AND {sql.format(*places)}"
        values += given
    rows = await conn.fetch(
        f"SELECT interaction_id, {COLUMNS} FROM crm.interaction "  # noqa: S608 - constants
        f"WHERE tenant_id = $1{conditions} ORDER BY interaction_id DESC LIMIT $2",
        *values,
    )
    return [interaction_of(row) for row in rows]


async def of_customer(
    conn: Connection, *, tenant_id: UUID, customer_id: UUID
) -> tuple[list[str], list[UUID]]:
    """Return a customer's numbers, and the interactions that were put with him by hand."""
    row = await conn.fetchrow(
        """
        SELECT ARRAY(SELECT phone_e164 FROM crm.customer_number
                      WHERE tenant_id = $1 AND customer_id = $2) AS phones,
               ARRAY(SELECT interaction_id FROM crm.customer_interaction
                      WHERE tenant_id = $1 AND customer_id = $2) AS linked
        """,
        tenant_id,
        customer_id,
    )
    assert row is not None
    return row["phones"], row["linked"]


def after_prefix(prefix: str) -> str:
    """Return the first text, by code points, that is after all that begin with ``prefix``."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def first_id(at: datetime) -> UUID:
    """Return the least id (UUIDv7) of what began at a moment or after it."""
    return UUID(int=max(0, int(at.timestamp() * 1000)) << 80)


def _conditions(wanted: Filter, before: UUID | None) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Yield SQL with ``{0}`` … where its values come as parameters."""
    least, most = _ids(wanted, before)
    given = {
        "interaction_id >= {0}": least,
        "interaction_id < {0}": most,
        f"{_AT} >= {{0}}": wanted.begins_at,
        f"{_AT} < {{0}}": wanted.ends_at,
        "campaign_id = {0}": wanted.campaign_id,
        "agent_id = {0}": wanted.agent_id,
        "agent_id = ANY ({0}::uuid[])": wanted.agent_ids,
        "agent_number = {0}": wanted.agent_number,
        "caller = {0}": wanted.caller,
        "called = {0}": wanted.called,
        "(caller = {0} OR called = {0})": wanted.number,
        "direction = {0}": wanted.direction,
        "disposition = {0}": wanted.disposition,
        "outcome = {0}": wanted.outcome,
        "agent_disposition = {0}": wanted.agent_disposition,
        "is_live = {0}": wanted.is_live,
        "(recording_id IS NOT NULL) = {0}": wanted.has_recording,
        "queue_id = {0}": wanted.queue_id,
        "talk_s >= {0}": wanted.min_talk_s,
        "talk_s <= {0}": wanted.max_talk_s,
        f"{_TOTAL_S} >= {{0}}::float8": wanted.min_total_s,
        f"{_TOTAL_S} <= {{0}}::float8": wanted.max_total_s,
    }
    for sql, value in given.items():
        if value is not None:
            yield sql, (value,)
    if (prefix := wanted.number_prefix) is not None:
        sql = "(caller >= {0} AND caller < {1} OR called >= {0} AND called < {1})"
        yield sql, (prefix, after_prefix(prefix))
    if wanted.phones is not None:
        sql = (
            "(caller = ANY ({0}::text[]) OR called = ANY ({0}::text[]) "
            "OR interaction_id = ANY ({1}::uuid[]))"
        )
        yield sql, (list(wanted.phones), list(wanted.linked))


def _ids(wanted: Filter, before: UUID | None) -> tuple[UUID | None, UUID | None]:
    """Return between which ids the page is: the window of time and the place in the list."""
    least = most = None
    if wanted.begins_at is not None:
        least = first_id(_moved(wanted.begins_at, -_ID_SLACK))
    if wanted.ends_at is not None:
        most = first_id(_moved(wanted.ends_at, _ID_SLACK))
    if before is not None:
        most = before if most is None else min(most, before)
    return least, most


def _moved(at: datetime, by: timedelta) -> datetime:
    try:
        return at + by
    except OverflowError:  # the first or last day that there is
        return at
