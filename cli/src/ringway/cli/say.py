"""What the operator reads while a command works: progress on stderr, never on stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic


class Trouble(Exception):
    """Something the operator can put right; the message names it and the remedy."""


def say(text: str) -> None:
    """Print one line of progress to stderr."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announce a step that may take long, and say how long it took (seconds) when it is done."""
    started = monotonic()
    say(f"… {text}")
    yield
    say(f"✓ {text} ({monotonic() - started:.1f} s)")
