"""Which trunk carries a number, in which form, and which number the called party sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class CallerIdSource(StrEnum):
    """Where the number that the called party sees comes from."""

    KEEP = "keep"  # passed through as the call has it
    FIXED = "fixed"  # the route's
    CAMPAIGN = "campaign"
    AGENT = "agent"  # the agent's own


class NoTrunk(StrEnum):
    """Why a number cannot be carried now."""

    NO_ROUTE = "no_route"
    NOT_ALLOWED = "not_allowed"
    TRUNKS_BUSY = "trunks_busy"  # at least one works, but has no free line
    TRUNKS_DOWN = "trunks_down"


@dataclass(frozen=True, slots=True)
class OutboundRoute:
    """How numbers with a prefix leave.

    Args:
        order: Of several routes with the longest matching prefix the smallest is tried first,
            then the cheapest, then by id.
        prefix: Of the E.164 number with its plus, or of a short code; empty fits every number.
        trunk_ids: In the order of failover.
        strip: Digits cut off in front; the plus is always cut off and does not count.
        prepend: Put in front afterwards; may begin with a plus.
        cost: Of one minute, in any unit that is the same for all routes.
        caller_id: Where the caller's number comes from; what is missing there is replaced by
            ``fixed_caller_id``, then by what the call has.
        is_allowed: When false, numbers with this prefix may not be called.
    """

    route_id: str
    order: int
    prefix: str
    trunk_ids: tuple[str, ...]
    caller_id: CallerIdSource = CallerIdSource.KEEP
    fixed_caller_id: str = ""
    strip: int = 0
    prepend: str = ""
    cost: int = 0
    is_allowed: bool = True

    def __post_init__(self) -> None:
        if self.strip < 0:
            raise ValueError("Fewer than no digits cannot be cut off.")

    def dial_string(self, number: str) -> str:
        """Return the number as the trunk wants it."""
        return self.prepend + number.removeprefix("+")[self.strip :]


@dataclass(frozen=True, slots=True)
class CallerIds:
    """The numbers a call could show; empty where there is none."""

    original: str = ""
    campaign: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to carry the call. An empty ``caller_id`` leaves the choice to the trunk."""

    trunk_id: str
    dial_string: str
    caller_id: str
    route_id: str


@dataclass(frozen=True, slots=True)
class Choices:
    """The ways to try, best first; ``reason`` is set when there is none."""

    choices: tuple[Choice, ...]
    reason: NoTrunk | None = None


def choose(
    routes: Iterable[OutboundRoute],
    number: str,
    usage: Mapping[str, int],
    capacity: Mapping[str, int],
    down: frozenset[str] = frozenset(),
    caller_ids: CallerIds | None = None,
) -> Choices:
    """Return the ways to carry a call to ``number``, in the order to try them.

    Only routes with the longest matching prefix count: a general route must not carry what a
    tenant wants to leave by a special one, however busy that is.

    Args:
        number: E.164 with its plus, or a short code.
        usage: Calls on each trunk now; a trunk that is missing has none.
        capacity: The most calls of each trunk; a trunk that is missing has no limit.
        down: Trunks that cannot carry calls.
    """
    fitting = [route for route in routes if number.startswith(route.prefix)]
    longest = max((len(route.prefix) for route in fitting), default=0)
    best = sorted(
        (route for route in fitting if len(route.prefix) == longest),
        key=lambda route: (route.order, route.cost, route.route_id),
    )
    if best and not best[0].is_allowed:
        return Choices((), NoTrunk.NOT_ALLOWED)
    found: dict[str, Choice] = {}
    busy = out_of_order = False
    for route in best:
        dial_string = route.dial_string(number)
        if not route.is_allowed or not dial_string.removeprefix("+"):
            continue
        for trunk_id in route.trunk_ids:
            if trunk_id in down:
                out_of_order = True
            elif trunk_id in capacity and usage.get(trunk_id, 0) >= capacity[trunk_id]:
                busy = True
            elif trunk_id not in found:
                shown = _caller_id(route, caller_ids or CallerIds())
                found[trunk_id] = Choice(trunk_id, dial_string, shown, route.route_id)
    if found:
        return Choices(tuple(found.values()))
    if busy:
        return Choices((), NoTrunk.TRUNKS_BUSY)
    return Choices((), NoTrunk.TRUNKS_DOWN if out_of_order else NoTrunk.NO_ROUTE)


def _caller_id(route: OutboundRoute, caller_ids: CallerIds) -> str:
    match route.caller_id:
        case CallerIdSource.KEEP:
            return caller_ids.original or route.fixed_caller_id
        case CallerIdSource.FIXED:
            wanted = route.fixed_caller_id
        case CallerIdSource.CAMPAIGN:
            wanted = caller_ids.campaign
        case CallerIdSource.AGENT:
            wanted = caller_ids.agent
    return wanted or route.fixed_caller_id or caller_ids.original
