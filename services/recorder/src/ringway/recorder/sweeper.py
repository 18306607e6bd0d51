"""Compares the files on each Asterisk node with the index: after each (re)connect, and often."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from uuid import UUID

from ringway.recorder import metrics
from ringway.recorder.core.naming import interaction_of
from ringway.recorder.core.sweep import Ages, compare
from ringway.recorder.job_store import JobStore
from ringway.recorder.source import HalfSource
from ringway.runtime.errors import DependencyDown

RETRY_S = 5.0

_log = logging.getLogger("ringway.recorder")


class Sweeper:
    """Deletes what is stored, wakes what waits, reports what nobody claims.

    Args:
        woken: Called when jobs were made due.
        interval_s: Seconds between two sweeps of a node.
    """

    def __init__(
        self,
        jobs: JobStore,
        source: HalfSource,
        *,
        woken: Callable[[], None],
        interval_s: float,
    ) -> None:
        self._jobs = jobs
        self._source = source
        self._woken = woken
        self._interval_s = interval_s
        self._ages: defaultdict[str, Ages] = defaultdict(Ages)
        self._wanted = asyncio.Event()

    def soon(self) -> None:
        """Sweep now: a node has just come (back)."""
        self._wanted.set()

    async def run(self) -> None:
        """Sweep all nodes until cancelled."""
        while True:
            self._wanted.clear()
            done = [await self._try(node) for node in self._source.nodes]
            await self._measure()
            pause_s = self._interval_s if all(done) else min(RETRY_S, self._interval_s)
            try:
                async with asyncio.timeout(pause_s):
                    await self._wanted.wait()
            except TimeoutError:
                pass

    async def sweep(self, node: str) -> None:
        """Compare one node's files with the index.

        Raises:
            DependencyDown: The node or PostgreSQL does not answer.
        """
        names = await self._source.names(node)
        interactions: set[UUID] = {i for i in map(interaction_of, names) if i is not None}
        findings = compare(names, await self._jobs.known(interactions))
        for name in findings.delete:
            await self._source.delete(node, name)
        if findings.wake and await self._jobs.wake(findings.wake):
            self._woken()
        await self._report(node, findings.unknown)

    async def _report(self, node: str, unknown: list[str]) -> None:
        """Count files without an interaction that ended. A long talk's files are no such."""
        ages = self._ages[node]
        old = ages.note(unknown, asyncio.get_running_loop().time())
        orphans = [name for name in old if not await self._source.is_live(node, name)]
        metrics.orphans.labels(node).set(len(orphans))
        for name in orphans:
            if ages.first_report(name):
                _log.warning(
                    "A file belongs to no known interaction; it is kept.",
                    extra={
                        "node": node,
                        "file": name,
                        "interaction_id": str(interaction_of(name)),
                    },
                )

    async def _try(self, node: str) -> bool:
        """Sweep a node; tell whether that worked."""
        try:
            await self.sweep(node)
        except DependencyDown as error:
            _log.debug("Sweep put off.", extra={"node": node, "error": str(error)})
        except Exception:
            # The next sweep may do better, and collecting goes on without it.
            _log.exception("Sweep failed.", extra={"node": node})
        else:
            return True
        return False

    async def _measure(self) -> None:
        try:
            backlog = await self._jobs.backlog()
        except DependencyDown:
            return
        metrics.jobs.set(backlog.jobs)
        metrics.oldest_job_s.set(backlog.oldest_s)
