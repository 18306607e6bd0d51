"""The dialer of one process: which campaigns it runs, and what all of them share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from ringway.dialer import (
    attempt_store,
    campaign_store,
    cdr_store,
    learning,
    metrics,
    presence,
    recovery,
)
from ringway.dialer.announcements import Announcements
from ringway.dialer.books import Books
from ringway.dialer.callers import Callers
from ringway.dialer.config import Settings
from ringway.dialer.core import messages as m
from ringway.dialer.core.sharing import Standing
from ringway.dialer.early_media import EarlyHearing
from ringway.dialer.hearing import Hearing
from ringway.dialer.listener import Listener
from ringway.dialer.model import LiveCampaign
from ringway.dialer.roster import Roster
from ringway.dialer.runner import CampaignRunner, Parts
from ringway.dialer.switchboard import Line, Switchboard
from ringway.proto import dialer as p
from ringway.proto.acd import CampaignAgentsV1, InteractionAbandonedV1, InteractionConnectedV1
from ringway.proto.dialer import AttemptDisposition
from ringway.runtime.ari import AriClient, AriNode
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import BusDown, PostgresDown
from ringway.runtime.ids import shard_of
from ringway.runtime.leases import Leases
from ringway.runtime.postgres import Pool
from ringway.runtime.tasks import TaskSet

_log = logging.getLogger("ringway.dialer")

_LOOK_EVERY_S = 1.0
_WATCH_PARTS_EVERY_S = 0.1
_BOOKS_BEHIND = 1000
_CLEAN_EVERY_S = 3600.0

DURABLE = "dialer-acd"
OUTCOME_FACTS = (InteractionConnectedV1, InteractionAbandonedV1)


class Dialer:
    """Runs the campaigns of the tenants whose shards this process holds."""

    def __init__(
        self,
        settings: Settings,
        pool: Pool,
        bus: Bus,
        ari: AriClient,
        leases: Leases,
        tasks: TaskSet,
        listener: Listener,
    ) -> None:
        self.books = Books(pool)
        self.switchboard = Switchboard(
            ari,
            settings.app,
            leases,
            tasks,
            settings.abandonment_message,
        )
        self.runners: dict[tuple[str, str], CampaignRunner] = {}
        self._settings = settings
        self._pool = pool
        self._bus = bus
        self._ari = ari
        self._leases = leases
        self._tasks = tasks
        self.callers = Callers(pool)
        self._parts = Parts(
            pool,
            bus,
            self.books,
            self.switchboard,
            self.callers,
            Hearing(listener, settings.app),
            EarlyHearing(listener, Announcements(pool), settings.app),
        )
        self._roster = Roster(self._standings)
        self._look = asyncio.Event()
        self._is_up: dict[m.Part, bool] = {}
        self._is_draining = False
        ari.on_event(self.switchboard.on_event)
        ari.on_event(self._parts.hearing.on_event)
        ari.on_event(self._parts.early.on_event)
        ari.on_connect(self._reconcile)

    # -- which campaigns -------------------------------------------------------------------------

    def runners_of(self, tenant: str) -> list[CampaignRunner]:
        """Return a tenant's campaigns that run here."""
        return [runner for key, runner in self.runners.items() if key[0] == tenant]

    def look_soon(self) -> None:
        """Rows have changed: do not wait for the next regular look."""
        self._look.set()

    async def run_campaigns(self) -> None:
        """Worker: begin, reload and give up campaigns as the rows and the leases say."""
        while True:
            self._look.clear()
            try:
                async with self._pool.platform() as conn:
                    live = await campaign_store.live_campaigns(conn)
                await self._follow(live)
            except PostgresDown as error:
                _log.debug("Campaigns are not looked for now.", extra={"error": str(error)})
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self._look.wait()

    async def _follow(self, live: Iterable[LiveCampaign]) -> None:
        wanted = {(each.tenant, each.campaign_id): each for each in live}
        for key, each in wanted.items():
            mine = await self.may_run(each.tenant)
            runner = self.runners.get(key)
            if runner is None and mine and not self._is_draining:
                await self._begin(each)
        for key, runner in list(self.runners.items()):
            await self._check_claims(runner)
            each_live = wanted.get(key)
            if each_live is None or each_live.version != runner.campaign.version:
                await runner.reload()

    async def may_run(self, tenant: str) -> bool:
        """Whether this process holds the tenant's shard, now or by asking for it."""
        if self._is_draining:
            return self._leases.holds(_shard_key(tenant))
        try:
            return await self._leases.acquire(_shard_key(tenant)) is not None
        except BusDown:
            return False

    async def _check_claims(self, runner: CampaignRunner) -> None:
        """Without our lease, or an ACD that has its own, nothing new is dialed.

        When another replica has our lease, the campaign is his.
        """
        tenant, campaign_id = runner.key
        holds = self._leases.holds(_shard_key(tenant)) or await self.may_run(tenant)
        runner.tell(m.Part.LEASE, holds)
        runner.tell(m.Part.ACD, await self.switchboard.acd_of(tenant) is not None)
        if not holds:
            owner = await self._leases.owner_of(_shard_key(tenant))
            if owner is not None and owner != self._leases.owner:
                _log.warning("A campaign went to another replica.", extra={"campaign": campaign_id})
                runner.give_up()

    async def _begin(self, each: LiveCampaign) -> None:
        async with self._pool.tenant(each.tenant) as conn:
            campaign = await campaign_store.get_campaign(
                conn, tenant_id=UUID(each.tenant), campaign_id=each.campaign_id
            )
        if campaign is None or self._is_draining:
            return
        runner = CampaignRunner(campaign, self._parts)
        self.runners[runner.key] = runner
        metrics.RUNNERS.set(len(self.runners))
        for part, is_up in self._is_up.items():
            runner.tell(part, is_up)
        await self._check_claims(runner)
        self._tasks.spawn(self._run(runner), name=f"campaign {each.campaign_id}")
        _log.info("Campaign begins.", extra={"tenant": each.tenant, "campaign": each.campaign_id})

    async def _run(self, runner: CampaignRunner) -> None:
        try:
            runner.spawn(learning.follow(runner, self._parts), "learn")
            runner.spawn(presence.tell_acd(runner, self._parts), "tell acd")
            runner.spawn(presence.tell_live(runner, self._parts), "tell live")
            await runner.run()
            await learning.keep(runner, self._parts)
            await presence.count_leads(runner, self._parts)
            self._bus.emit(presence.live_of(runner))
            await presence.tell_acd_over(runner, self._parts)
        finally:
            self.runners.pop(runner.key, None)
            self._roster.forget(*runner.key)
            metrics.RUNNERS.set(len(self.runners))
            _log.info(
                "Campaign ends here.",
                extra={"campaign": runner.campaign.campaign_id, "state": runner.core.state.value},
            )

    # -- what all campaigns hear -----------------------------------------------------------------

    async def watch_parts(self) -> None:
        """Worker: tell every campaign when something it needs is lost or back."""
        while True:
            seen = {
                m.Part.ASTERISK: self._ari.healthy,
                m.Part.NODE: self.switchboard.takes_calls or not self._ari.healthy,
                m.Part.BUS: self._bus.healthy,
                m.Part.DATABASE: self._pool.healthy and self.books.pending < _BOOKS_BEHIND,
            }
            for part, is_up in seen.items():
                self._is_up[part] = is_up
                for runner in self.runners.values():
                    runner.tell(part, is_up)
            for runner in self.runners.values():
                # The look at the rows may be long in coming, while PostgreSQL is away.
                if not self._leases.holds(_shard_key(runner.campaign.tenant)):
                    runner.tell(m.Part.LEASE, False)
            await asyncio.sleep(_WATCH_PARTS_EVERY_S)

    def on_agents(self, seen: CampaignAgentsV1) -> None:
        """The ACD told how many agents of a campaign are in which state."""
        if (seen.tenant, seen.campaign_id) not in self.runners:
            return
        for campaign_id, event in self._roster.heard(seen, _now()):
            runner = self.runners.get((seen.tenant, campaign_id))
            if runner is not None:
                runner.post(event)

    def _standings(self, tenant: str) -> Iterator[Standing]:
        """How the tenant's campaigns stand that run here."""
        at = _now()
        for (owner, campaign_id), runner in self.runners.items():
            core = runner.core
            if owner == tenant and core.state is p.CampaignState.RUNNING:
                needed = core.needing_agents
                yield Standing(
                    campaign_id,
                    core.spec.priority,
                    core.can_dial(at),
                    needed,
                    max(0, core.spec.max_lines - core.lines) + needed,
                )

    async def on_outcome(self, fact: InteractionConnectedV1 | InteractionAbandonedV1) -> None:
        """The ACD told what became of an answered call: it is kept, and the campaign hears it."""
        if fact.attempt_id is None or fact.campaign_id is None:
            return
        try:
            tenant_id, attempt_id = UUID(fact.tenant), UUID(fact.attempt_id)
        except ValueError:
            return
        agent_id: str | None = None
        if isinstance(fact, InteractionConnectedV1):
            outcome, agent_id = AttemptDisposition.CONNECTED, fact.agent_id
        elif fact.by_limit:
            outcome = AttemptDisposition.ABANDONED
        else:
            outcome = AttemptDisposition.HUNG_UP_EARLY
        acd_at = fact.occurred_at.timestamp()
        known = m.OutcomeKnown(_now(), fact.attempt_id, outcome, agent_id, acd_at)
        was_told = self._tell_outcome(fact, known)
        async with self._pool.tenant(tenant_id) as conn:
            await attempt_store.note_outcome(
                conn,
                tenant_id=tenant_id,
                attempt_id=attempt_id,
                outcome=outcome,
                agent_id=agent_id,
            )
        if not was_told:  # whoever took the call over meanwhile read its row before
            self._tell_outcome(fact, known)

    def _tell_outcome(
        self, fact: InteractionConnectedV1 | InteractionAbandonedV1, known: m.OutcomeKnown
    ) -> bool:
        """Tell the campaign, at the latest when it knows of the call; False: none follows it."""
        runner = self.runners.get((fact.tenant, fact.campaign_id or ""))
        line = None if runner is None else runner.lines.get(known.attempt_id)
        if line is not None:
            line.tell(known)
        return line is not None

    async def consume_outcomes(self) -> None:
        """Worker: hear the ACD's facts about answered calls.

        Every replica hears all of them: whichever runs the campaign must, and both may write
        the same thing down.
        """
        replica = self._settings.replica
        is_first = replica == "0"
        await self._bus.consume(
            DURABLE if is_first else f"{DURABLE}-{replica}",
            OUTCOME_FACTS,
            self.on_outcome,
            from_now=not is_first,  # what was before, others have written down
        )

    async def _reconcile(self, node: AriNode) -> None:
        lines = self.switchboard.on_node(node.name)
        absent: dict[tuple[str, str], list[Line]] = {}
        for line in await recovery.reconcile(node, lines, self._parts):
            key = (line.attempt.tenant, line.attempt.campaign_id)
            absent.setdefault(key, []).append(line)
        for key, gone in absent.items():
            runner = self.runners.get(key)
            if runner is not None:
                # PostgreSQL may be away: the node's events must not wait for it.
                runner.spawn(recovery.settle_absent(runner, gone, self._parts), "settle")

    # -- house-keeping ---------------------------------------------------------------------------

    async def clean(self) -> None:
        """Worker: remove Asterisk's records that are too old to matter."""
        keep = timedelta(days=self._settings.cdr_keep_days)
        while True:
            try:
                async with self._pool.platform() as conn:
                    await cdr_store.remove_old(conn, now=utcnow(), keep=keep)
            except PostgresDown:
                _log.debug("Old records are not removed now.")
            await asyncio.sleep(_CLEAN_EVERY_S)

    async def until_quiet(self) -> None:
        """Start nothing new and wait until nothing rings and everything is written down."""
        self._is_draining = True
        for runner in self.runners.values():
            runner.post(m.Draining(_now()))
        async with asyncio.TaskGroup() as group:
            for runner in self.runners.values():
                group.create_task(runner.until_quiet())
                group.create_task(learning.keep(runner, self._parts))
        await self.books.synced(self._settings.drain_timeout_s)


def _shard_key(tenant: str) -> str:
    return f"dialer.shard.{shard_of(tenant)}"


def _now() -> float:
    return asyncio.get_running_loop().time()
