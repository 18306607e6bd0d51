"""What becomes of all that somebody leaves: whose each thing is then, or where it waits. No IO."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ringway.crm_api.core.customers.assignment import Target, spread


@dataclass(frozen=True, slots=True)
class Left:
    """Something that somebody leaves, such as an order or a follow-up.

    Args:
        first: Gets it before anybody gets it in turn; None: there is no such person.
        team_id: Owns it from now on, or keeps it while it is nobody's.
    """

    id: UUID
    first: UUID | None = None
    team_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Gift:
    """What becomes of a thing: who works on it (None: nobody yet), who owns it."""

    id: UUID
    user_id: UUID | None
    team_id: UUID | None


def share_out(
    left: Sequence[Left], heirs: Sequence[Target[UUID]], *, leaver: UUID, may_wait: bool = True
) -> list[Gift]:
    """Return what changes hands, in the order of ``left``.

    Args:
        heirs: Who gets what is nobody's first, in turn; nobody: it waits.
        leaver: What would be his again stays as it is.
        may_wait: False: what nobody gets stays as it is, too.
    """
    in_turn = dict(spread([each.id for each in left if each.first is None], heirs))
    gifts = [Gift(each.id, each.first or in_turn.get(each.id), each.team_id) for each in left]
    return [
        each for each in gifts if each.user_id != leaver and (may_wait or each.user_id is not None)
    ]
