"""Exceptions that services meet at the edges of this package.

DependencyDown                 a part we need does not answer now; trying again later is right
├── PostgresDown
├── BusDown
├── NobodyAnswers              no process serves this request
└── RequestTimedOut            somebody may have carried it out, but no answer came in time
RequestFailed                  a request on the bus did not end with a reply
├── Refused                    its owner said no, with a stable code
├── NobodyAnswers
└── RequestTimedOut
"""

from __future__ import annotations


class DependencyDown(Exception):
    """A part that we need does not answer now. Never a reason to give a message up."""


class PostgresDown(DependencyDown):
    """PostgreSQL cannot be reached, or the connection broke.

    When it breaks while a transaction commits, nobody knows whether it was committed.
    """


class BusDown(DependencyDown):
    """NATS cannot be reached, or did not acknowledge in time; the message may have arrived."""


class RequestFailed(Exception):
    """A request on the bus did not end with a reply."""


class Refused(RequestFailed):
    """The owner of the state said no.

    Args:
        code: Stable and machine-readable, snake_case, such as ``no_agent_ready``.
        detail: For humans; empty when the code says everything.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class NobodyAnswers(RequestFailed, DependencyDown):
    """No process serves this request at the moment."""


class RequestTimedOut(RequestFailed, DependencyDown):
    """No answer came in time. The request may still have been, or may yet be, carried out."""
