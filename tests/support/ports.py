"""Free ports for real servers in tests.

All of them are below the ephemeral range, where any connection may sit on a port for a moment.
Between the choice of a port and the moment in which its server has it, seconds may pass: what a
process has chosen stays reserved for it by a lock, so that no other test run chooses it, too.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

# Installations own a thousand ports each and an Asterisk two hundred; single ports are above them.
_RANGES = {1000: (20000, 28000), 200: (28000, 31000), 100: (31000, 32700)}
_SIZE, _SINGLES = 1000, 100

_ours: dict[int, dict[int, int]] = {}  # by size and first port, the lock of each block
_last: dict[int, int] = {}  # the last choice of each size
_singles: Iterator[int] = iter(())


def free_port() -> int:
    """Return a port that nobody listens on, and that this process did not get lately."""
    global _singles
    for _ in range(2):
        for port in _singles:
            if _is_free(port):
                return port
        first = free_range(_SINGLES, probes=1)
        _singles = iter(range(first, first + _SINGLES))
    raise RuntimeError("no free port")


def free_range(size: int, *, probes: int = 16) -> int:
    """Return the first of ``size`` ports of which a sample is free, reserved for this process.

    What is larger than an installation is not reserved: who measures has the machine alone.
    """
    needed, size = size, min((block for block in _RANGES if block >= size), default=size)
    begin, end = _RANGES.get(size, (20000, 31000))
    blocks = list(range(begin, end, size))
    start = os.getpid() % len(blocks)
    blocks = blocks[start:] + blocks[:start]
    ours, last = _ours.setdefault(size, {}), _last.get(size)
    # The last choice may not be in use yet. When others have all the rest, a look must do.
    rather = (first for first in blocks if first in ours and first != last)
    new = (f for f in blocks if size in _RANGES and f not in ours and _lock(size, f))
    sample = {*range(min(probes, needed)), needed // 5, needed - 1}
    for first in itertools.chain(rather, new, blocks):
        if all(_is_free(first + i) for i in sample):
            _last[size] = first
            return first
    raise RuntimeError("no free range of ports")


def free_port_base() -> int:
    """Return a port base for one whole installation."""
    return free_range(_SIZE)


def _lock(size: int, first: int) -> bool:
    """Take the lock of a block, for as long as this process lives."""
    folder = Path(tempfile.gettempdir()) / f"ringway-test-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    file = os.open(folder / str(first), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    _ours[size][first] = file
    return True


def _is_free(port: int) -> bool:
    with ExitStack() as stack:
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                probe = stack.enter_context(socket.socket(socket.AF_INET, kind))
                if kind is socket.SOCK_STREAM:
                    # As servers bind: a socket in TIME_WAIT does not make the port busy.
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
