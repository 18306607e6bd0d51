"""Calls to outside numbers: which trunks may carry one, and trying them one after the other.

``choices`` decides (by ``core.outbound``), ``place`` calls. A trunk that fails before the far end
rings is followed by the next; once it rings, or somebody answered or refused, nobody else is tried:
the called party would be rung twice.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import Counter

from ringway.acd.adoption import Picture
from ringway.acd.configuration import Configuration
from ringway.acd.core import outbound as core
from ringway.acd.core.outbound import CallerIds, Choice, NoTrunk
from ringway.acd.core.trunk import Trunk
from ringway.acd.placing import Attempt, Failure, Placed, attempt_id, is_trunks_own
from ringway.acd.trunk_watch import TrunkWatch
from ringway.acd.trunks import Key, Trunks
from ringway.proto.acd_config import AgentProfile, OutboundRoute
from ringway.runtime.ari import (
    AriError,
    AriNode,
    Event,
)

_log = logging.getLogger("ringway.acd.outbound")
_attempts = Counter("acd_outbound_attempts", "Calls handed to a trunk.", ["outcome"])
_refused = Counter(
    "acd_trunk_refused", "Callers refused because their trunk was full.", ["tenant", "trunk_id"]
)

_SUSPECT_S = 30.0  # a trunk that just failed is tried after the others for so long
# A trunk that says nothing at all for so long is dead. One that answers OPTIONS gets the whole
# ringing time: a mobile network may need ten seconds until it rings.
_SILENCE_S = 8.0
_LATE_S = 5.0
_ENTER_LIMIT_S = 5.0  # between a channel's making and its start in our application
_UNLIMITED = nullcontext()
_NUMBER = re.compile(r"\+?[0-9*#]{1,40}")
_NOT_IN_CALLER_ID = re.compile(r"[^0-9A-Za-z+*#._-]")


class NotCarried(Exception):
    """No trunk may or can carry the call now; ``reason`` says why."""

    def __init__(self, reason: NoTrunk) -> None:
        super().__init__(reason)
        self.reason = reason


class Watching(Protocol):
    """Who passes on the events of single channels; the ACD does."""

    def watch(self, channel_id: str, handler: Callable[[str, Event], None], /) -> None:
        """Pass every event of a channel to ``handler``."""

    def unwatch(self, channel_id: str, handler: Callable[[str, Event], None], /) -> None:
        """Pass no more of them."""


@dataclass(frozen=True, slots=True)
class Ringing:
    """What all attempts of one call have in common.

    ``formats``: what the channel carries; nothing: what its endpoint offers.
    """

    node: AriNode
    tenant: str
    app: str
    app_args: Sequence[str] | str
    variables: Mapping[str, str]
    ring_s: float
    room: str | None
    formats: str | None = None


class Outbound:
    """Calls to outside numbers for every tenant of one ACD."""

    def __init__(
        self,
        trunks: Trunks,
        watch: TrunkWatch,
        configurations: Mapping[str, Configuration],
        events: Watching,
    ) -> None:
        self._trunks = trunks
        self._watch = watch
        self._configurations = configurations
        self._events = events
        self._suspects: dict[Key, float] = {}
        self._limited: dict[Key, asyncio.Lock] = {}
        self._not_in: dict[Key, set[str]] = {}  # callers not let in, or not yet
        self._open: dict[str, tuple[str, Attempt]] = {}  # channel -> its node, and what waits

    # -- deciding ------------------------------------------------------------------------------

    async def choices(
        self, tenant: str, number: str, *, agent_id: str | None = None, caller_id: str = ""
    ) -> list[Choice]:
        """Return the ways to carry a call, in the order to try them; at least one.

        A tenant without any outbound route calls by its first enabled trunk, as the number is.

        Args:
            number: Normalised: E.164 with its plus, or a short code.
            agent_id: On whose behalf; a route may show the agent's own number.
            caller_id: What the call has to show, if anything.

        Raises:
            NotCarried: No route, not allowed, or every trunk is busy or down.
        """
        if not _NUMBER.fullmatch(number):
            raise NotCarried(NoTrunk.NO_ROUTE)
        configuration = self._configurations[tenant]
        trunks = {trunk.trunk_id: trunk for trunk in self._trunks.of(tenant)}
        enabled = [trunk for trunk in trunks.values() if trunk.is_enabled]
        profile = configuration.get(AgentProfile, agent_id) if agent_id else None
        shown = str(configuration.settings.caller_id or "")
        found = core.choose(
            _routes(configuration) or _plain_route(enabled),
            number,
            {t.trunk_id: await self._taken(t) for t in enabled if t.max_channels},
            {t.trunk_id: t.max_channels for t in enabled if t.max_channels},
            self._down(tenant, configuration, trunks),
            CallerIds(original=caller_id, agent=profile.caller_id if profile else ""),
        )
        if found.reason is not None:
            raise NotCarried(found.reason)
        return sorted(
            (
                Choice(
                    each.trunk_id,
                    each.dial_string,
                    each.caller_id or trunks[each.trunk_id].caller_id or shown,
                    each.route_id,
                )
                for each in found.choices
            ),
            key=lambda each: self._is_suspect((tenant, each.trunk_id)),  # stable: order stays
        )

    def _down(
        self, tenant: str, configuration: Configuration, trunks: Mapping[str, Trunk]
    ) -> frozenset[str]:
        named = {
            trunk_id
            for route in configuration.all(OutboundRoute).values()
            for trunk_id in route.trunk_ids
        } | trunks.keys()
        return frozenset(
            trunk_id
            for trunk_id in named
            if trunk_id not in trunks
            or not trunks[trunk_id].is_enabled
            or not self._watch.state(tenant, trunk_id).is_up
        )

    async def has_room(self, trunk: Trunk, channel_id: str) -> bool:
        """Tell whether a trunk carries this caller, too; who comes first is let in first."""
        if not trunk.max_channels:
            return True
        key = (trunk.tenant, trunk.trunk_id)
        not_in = self._not_in.setdefault(key, set())
        not_in.add(channel_id)
        async with self._limited.setdefault(key, asyncio.Lock()):
            if await self._taken(trunk) < trunk.max_channels:
                not_in.discard(channel_id)
                return True
        _refused.labels(*key).inc()
        return False

    async def _taken(self, trunk: Trunk) -> int:
        """Return how many calls a trunk carries. Callers whom it has no room for are none."""
        not_in = self._not_in.get((trunk.tenant, trunk.trunk_id), set())
        known = frozenset(not_in)  # those who come while we ask may not be in the answer
        channels = await self._watch.channels(trunk)
        not_in -= known - channels
        return len(channels - not_in)

    def _is_suspect(self, key: Key) -> bool:
        until = self._suspects.get(key)
        if until is not None and asyncio.get_running_loop().time() >= until:
            del self._suspects[key]
            return False
        return until is not None

    # -- calling -------------------------------------------------------------------------------

    async def place(
        self,
        node: AriNode,
        tenant: str,
        choices: Sequence[Choice],
        *,
        channel_id: str,
        app: str,
        app_args: Sequence[str] | str,
        variables: Mapping[str, str],
        ring_s: float,
        on_attempt: Callable[[str], None] = lambda _: None,
        room: str | None = None,
    ) -> Placed:
        """Call by the first choice, and by the next when that trunk fails; wait for the answer.

        Each attempt is a channel of its own: ``a.x``, then ``a~2.x``, ``a~3.x``. When the waiting
        is cancelled, the channel of that moment is hung up.

        Args:
            channel_id: Of the first attempt.
            ring_s: How long each attempt may ring.
            on_attempt: Told of each channel's id before it is made.
            room: A bridge in which each channel stands from its beginning, so that who is there
                hears how it rings.

        Raises:
            AriDown: The node does not answer.
            ValueError: There is no choice.
        """
        if not choices:
            raise ValueError("a call without a choice cannot be placed")
        call = Ringing(node, tenant, app, app_args, variables, ring_s, room)
        failures: list[Failure] = []
        for n, choice in enumerate(choices, 1):
            attempt = Attempt(attempt_id(channel_id, n), is_early=room is not None)
            on_attempt(attempt.channel_id)
            with self.following(node, attempt):
                try:
                    failure, is_final = await self._try(
                        call, choice, attempt, is_last=n == len(choices)
                    )
                except BaseException:
                    await node.end(attempt.channel_id)
                    raise
            if failure is None:
                self._suspects.pop((tenant, choice.trunk_id), None)
                _attempts.labels("answered").inc()
                tried = tuple(failures)
                return Placed(attempt.channel_id, choice.trunk_id, True, failures=tried)
            failures.append(failure)
            _attempts.labels("refused" if is_final else "trunk_failed").inc()
            if is_final:
                break
        last = failures[-1]
        return Placed(
            attempt.channel_id,
            last.trunk_id,
            False,
            cause_q850=last.cause_q850,
            sip_code=last.sip_code,
            failures=tuple(failures),
        )

    @contextmanager
    def following(self, node: AriNode, attempt: Attempt) -> Iterator[None]:
        """Let an attempt know what becomes of its channel, also while its node is away."""
        self._events.watch(attempt.channel_id, attempt.on_event)
        self._open[attempt.channel_id] = node.name, attempt
        try:
            yield
        finally:
            del self._open[attempt.channel_id]
            self._events.unwatch(attempt.channel_id, attempt.on_event)

    @property
    def expected(self) -> frozenset[str]:
        """The channels whose answer is waited for."""
        return frozenset(k for k, (_, attempt) in self._open.items() if attempt.is_begun)

    def catch_up(self, picture: Picture, expected: Collection[str]) -> None:
        """Learn what became of channels of this node while nobody told us.

        Args:
            expected: Channels that were waited for before the picture was taken.
        """
        for channel_id in expected:
            node, attempt = self._open.get(channel_id, ("", None))
            if attempt is None or node != picture.node.name:
                continue
            channel = picture.channels.get(channel_id)
            if channel is None:  # also who answered while we were away: Asterisk ends him
                attempt.lost()
            elif channel.state == "Up" and channel_id in picture.ours:
                attempt.answered()

    async def _try(
        self,
        call: Ringing,
        choice: Choice,
        attempt: Attempt,
        *,
        is_last: bool,
    ) -> tuple[Failure | None, bool]:
        """Call once. Returns why it failed, if it did, and whether nobody else may be tried."""
        node, key = call.node, (call.tenant, choice.trunk_id)
        trunk = self._trunks.get(*key)
        if trunk is None or not trunk.is_enabled:
            return Failure(choice.trunk_id, 27, 0), False
        caller_id = _NOT_IN_CALLER_ID.sub("", choice.caller_id)
        # Counted and called under one lock: two calls never share the last line.
        limit = self._limited.setdefault(key, asyncio.Lock()) if trunk.max_channels else _UNLIMITED
        async with limit:
            if trunk.max_channels and await self._taken(trunk) >= trunk.max_channels:
                return Failure(choice.trunk_id, 34, 0), False
            try:
                endpoint = f"PJSIP/{choice.dial_string.replace('#', '%23')}@{trunk.endpoint}"
                try:
                    await begin(call, endpoint, attempt, caller_id)
                except AriError as error:
                    if error.status != 500 or not await self._trunks.changed(*key):
                        raise
                    await begin(call, endpoint, attempt, caller_id)  # it was being made anew
            except AriError as error:
                if error.status != 500:
                    raise
                return self._failed(key, Failure(choice.trunk_id, 27, 0)), False
        is_alive = self._watch.state(*key).is_reachable is True
        if not is_last and not is_alive:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(_SILENCE_S, call.ring_s)):
                    await attempt.heard.wait()
            if not attempt.heard.is_set():
                await node.hangup(attempt.channel_id)
                return self._failed(key, Failure(choice.trunk_id, 27, 0)), False
        try:
            async with asyncio.timeout(call.ring_s + _LATE_S):
                end = await attempt.end
        except TimeoutError:
            # Asterisk ends what rings too long; it was restarted, or its word was lost.
            await node.hangup(attempt.channel_id)
            return Failure(choice.trunk_id, 41, 0), True
        if end is None:
            return None, True
        is_timeout = not attempt.was_hung_up and end.tech_cause == 480
        sip_code = 0 if is_timeout else end.tech_cause or 0
        failure = Failure(choice.trunk_id, end.cause, sip_code)
        if attempt.has_rung or not (is_timeout or is_trunks_own(failure)):
            return failure, True
        return self._failed(key, failure), False

    def _failed(self, key: Key, failure: Failure) -> Failure:
        self._suspects[key] = asyncio.get_running_loop().time() + _SUSPECT_S
        tenant, trunk_id = key
        _log.warning(
            "A trunk did not carry a call.",
            extra={
                "tenant": tenant,
                "trunk_id": trunk_id,
                "cause_q850": failure.cause_q850,
                "sip_code": failure.sip_code,
            },
        )
        return failure


async def begin(call: Ringing, endpoint: str, attempt: Attempt, caller_id: str) -> None:
    """Let one channel ring, heard in ``call.room`` when there is one.

    Raises:
        AriError, AriDown: See AriNode.originate.
    """
    await _begin(call, endpoint, attempt, caller_id)
    attempt.is_begun = True


async def _begin(call: Ringing, endpoint: str, attempt: Attempt, caller_id: str) -> None:
    node, timeout_s = call.node, max(1, round(call.ring_s))
    if call.room is None:
        await node.originate(
            endpoint,
            channel_id=attempt.channel_id,
            app=call.app,
            app_args=call.app_args,
            caller_id=f"<{caller_id}>" if caller_id else None,
            timeout_s=timeout_s,
            variables=call.variables,
        )
        return
    shown = {"CONNECTEDLINE(num,i)": caller_id} if caller_id else {}
    await node.create(
        endpoint,
        channel_id=attempt.channel_id,
        app=call.app,
        app_args=call.app_args,
        variables={**call.variables, **shown},
        formats=call.formats,
    )
    async with asyncio.timeout(_ENTER_LIMIT_S):
        await attempt.entered.wait()  # no room takes it before
    await node.add_to_bridge(call.room, attempt.channel_id)
    await node.dial(attempt.channel_id, timeout_s=timeout_s)


def _routes(configuration: Configuration) -> list[core.OutboundRoute]:
    return [
        core.OutboundRoute(
            route_id,
            route.order,
            route.prefix,
            route.trunk_ids,
            core.CallerIdSource(route.caller_id.value),
            route.fixed_caller_id,
            route.strip,
            route.prepend,
            is_allowed=route.is_allowed,
        )
        for route_id, route in configuration.all(OutboundRoute).items()
    ]


def _plain_route(enabled: Sequence[Trunk]) -> list[core.OutboundRoute]:
    """The one route of a tenant that has trunks but no route."""
    if not enabled:
        return []
    first = (enabled[0].trunk_id,)
    return [
        core.OutboundRoute("", 0, "+", first, prepend="+"),  # the plus is always cut off
        core.OutboundRoute("", 0, "", first),
    ]
