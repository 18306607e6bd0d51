"""CPU time of processes, from /proc: user and system, with all their children."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(roots: Mapping[str, int]) -> dict[str, float]:
    """Return the CPU seconds that each process and its descendants have used so far.

    Args:
        roots: Names to process ids; a process that has gone counts as zero.
    """
    stats = dict(_stats())
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in stats.items():
        children.setdefault(parent, []).append(pid)

    def of(pid: int) -> int:
        ticks = stats[pid][1] if pid in stats else 0
        return ticks + sum(of(child) for child in children.get(pid, ()))

    return {name: of(pid) / _TICKS_PER_S for name, pid in roots.items()}


def busy_s() -> float:
    """Return the CPU seconds that the whole machine has worked so far, whoever for."""
    first = Path("/proc/stat").read_text().splitlines()[0].split()
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, first[1:9])
    return (user + nice + system + irq + softirq + steal) / _TICKS_PER_S


def _stats() -> list[tuple[int, tuple[int, int]]]:
    """Return each process's parent and ticks, those of its children that ended included."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(") ")[2].split()
            except OSError:
                continue  # it has just ended
            found.append((int(folder.name), (int(fields[1]), sum(map(int, fields[11:15])))))
    return found
