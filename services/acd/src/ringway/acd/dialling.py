"""What agents name when they consult or transfer: other agents, numbers, and places of calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ringway.acd.core.numbers import NumberPlan, NumberRefused, normalise
from ringway.acd.core.outbound import Choice, NoTrunk
from ringway.acd.outbound import NotCarried
from ringway.proto.acd_config import (
    Config,
    Queue,
    Target,
    TargetKind,
    TimeCondition,
    VoicemailBox,
)
from ringway.runtime.errors import Refused

if TYPE_CHECKING:
    from ringway.acd.app import Acd
    from ringway.acd.runner import FloorRunner

_NO_TRUNK = {
    NoTrunk.NO_ROUTE: ("no_route", "No outbound route carries this number."),
    NoTrunk.NOT_ALLOWED: ("number_not_allowed", "Numbers like this may not be called."),
    NoTrunk.TRUNKS_BUSY: ("trunks_busy", "Every line is busy; try again in a moment."),
    NoTrunk.TRUNKS_DOWN: ("trunks_down", "No trunk that carries this number works now."),
}
_PLACES = (
    TargetKind.QUEUE,
    TargetKind.FLOW,
    TargetKind.VOICEMAIL,
    TargetKind.ANNOUNCEMENT,
    TargetKind.CONFERENCE,
    TargetKind.TIME_CONDITION,
)


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who can be called: an agent, or an outside number and the ways to call it."""

    target: Target
    agent_id: str | None = None
    number: str = ""
    choices: list[Choice] = field(default_factory=list)


async def party(
    acd: Acd, runner: FloorRunner, agent_id: str, target: Target, *, caller_id: str = ""
) -> Party:
    """Return whom a target names. A number that is an agent's own is that agent.

    ``caller_id`` is what an outside number is to see, where the route does not say otherwise.

    Raises:
        Refused: ``target_unknown``, ``target_not_possible``, ``number_*``, ``no_route``,
            ``trunks_busy``, ``trunks_down``.
    """
    if target.kind is TargetKind.AGENT:
        account = acd.accounts.agents.get((runner.tenant, target.value))
        if account is None or not account.is_enabled:
            raise Refused("target_unknown", "There is no such agent.")
        return Party(target, target.value)
    if target.kind is not TargetKind.NUMBER:
        raise Refused("target_not_possible", f"Nobody can be called at a {target.kind.value}.")
    for (tenant, its_id), account in acd.accounts.agents.items():
        if tenant == runner.tenant and account.is_enabled and account.number == target.value:
            return Party(Target(kind=TargetKind.AGENT, value=its_id), its_id)
    try:
        number = normalise(target.value, number_plan(runner)).value
        choices = await acd.outbound.choices(
            runner.tenant, number, agent_id=agent_id, caller_id=caller_id
        )
    except NumberRefused as error:
        raise Refused(f"number_{error.code}", error.message) from error
    except NotCarried as error:
        raise Refused(*_NO_TRUNK[error.reason]) from error
    return Party(Target(kind=TargetKind.NUMBER, value=number), None, number, choices)


def is_place(target: Target) -> bool:
    """Tell whether a target is no party that can be called."""
    return target.kind in _PLACES


def check_place(runner: FloorRunner, target: Target) -> None:
    """See that a place exists, as far as the ACD knows.

    Raises:
        Refused: ``target_unknown``.
    """
    kinds: dict[TargetKind, type[Config]] = {
        TargetKind.QUEUE: Queue,
        TargetKind.VOICEMAIL: VoicemailBox,
        TargetKind.TIME_CONDITION: TimeCondition,
    }
    known = kinds.get(target.kind)
    if known is not None and runner.configuration.get(known, target.value) is None:
        raise Refused("target_unknown", f"There is no such {target.kind.value}.")


def number_plan(runner: FloorRunner) -> NumberPlan:
    """Return how the tenant dials."""
    settings = runner.configuration.settings
    return NumberPlan(
        settings.country_code,
        settings.national_prefix,
        settings.international_prefixes,
        settings.area_code,
        must_be_assigned=False,
    )
