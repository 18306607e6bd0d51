"""Free ports for real servers in tests."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack

# Installations own a thousand ports each; several test runs on one machine start at different
# places, chosen by process id, so they rarely look at the same range at the same moment.
_FIRST, _LAST, _SIZE = 20000, 31000, 1000


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_range(size: int, *, probes: int = 16) -> int:
    """Return the first of ``size`` ports below the ephemeral range of which a sample is free."""
    blocks = list(range(_FIRST, _LAST, size))
    start = os.getpid() % len(blocks)
    for first in blocks[start:] + blocks[:start]:
        if all(_is_free(first + i) for i in (*range(probes), size // 5, size - 1)):
            return first
    raise RuntimeError("no free range of ports")


def free_port_base() -> int:
    """Return a port base for one whole installation."""
    return free_range(_SIZE)


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
