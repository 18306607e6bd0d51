"""Where things are: the checkout, the per-user cache, short folders for sockets."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

# The kernel's limit for a unix socket's path is 108 bytes; the socket's own name needs some.
_SOCKET_DIR_LIMIT_BYTES = 80


def checkout() -> Path:
    """Return the root of the repository this command runs from.

    ``RINGWAY_ROOT`` (set by the ``./ringway`` script) wins; otherwise the folder above ``cli/``.
    """
    named = os.environ.get("RINGWAY_ROOT")
    return Path(named) if named else Path(__file__).resolve().parents[4]


def cache_dir() -> Path:
    """Return the folder for what several installations of this user share."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "ringway"


def socket_dir(preferred: Path) -> Path:
    """Return ``preferred``, or a short private folder when its path is too long for a socket."""
    if len(os.fsencode(preferred)) <= _SOCKET_DIR_LIMIT_BYTES:
        return preferred
    digest = hashlib.sha256(os.fsencode(preferred)).hexdigest()[:12]
    return Path("/tmp") / f"ringway-{os.getuid()}-{digest}"  # noqa: S108 - private by its mode


def remove_socket_dir(preferred: Path) -> None:
    """Remove the short folder that stands in for ``preferred``, if there is one."""
    folder = socket_dir(preferred)
    if folder != preferred:
        shutil.rmtree(folder, ignore_errors=True)
