"""What somebody leaves is given away in parts: each a statement, all of them one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.customers.assignment import Target
from ringway.crm_api.core.customers.gifts import Gift, Left, share_out
from ringway.runtime.postgres import Connection

_PART = 1_000  # rows that one statement writes
_MOST_NAMED = 200  # people in an entry of the audit log
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Given:
    """What changed hands. ``by_user``: how much each got."""

    gifts: Sequence[Gift] = ()
    by_user: Counter[UUID] = field(default_factory=Counter)

    @property
    def with_people(self) -> int:
        """How much is somebody's now."""
        return self.by_user.total()

    @property
    def waiting(self) -> int:
        """How much is nobody's yet."""
        return len(self.gifts) - self.with_people


async def give_away(
    left: Sequence[Left],
    heirs: Sequence[Target[UUID]],
    *,
    leaver: UUID,
    write: Callable[[Sequence[Gift]], Awaitable[None]],
    may_wait: bool = True,
) -> Given:
    """Share out what somebody leaves, as :func:`share_out` says, and write it part by part."""
    gifts = share_out(left, heirs, leaver=leaver, may_wait=may_wait)
    for part in parts(gifts):
        await write(part)
    return Given(gifts, Counter(each.user_id for each in gifts if each.user_id is not None))


def parts(many: Sequence[T]) -> Iterator[Sequence[T]]:
    """Return what one statement each writes."""
    return (many[start : start + _PART] for start in range(0, len(many), _PART))


async def note(
    conn: Connection,
    caller: Caller,
    action: str,
    leaver: UUID,
    given: Given,
    detail: Mapping[str, Any],
    now: datetime,
) -> None:
    """Write what changed hands into the audit log, with how much each got."""
    got = {str(user_id): n for user_id, n in sorted(given.by_user.items())[:_MOST_NAMED]}
    await audit.add(
        conn,
        caller=caller,
        now=now,
        action=action,
        object_type="user",
        object_id=leaver,
        detail={**detail, "got": got},
    )
