"""What can go wrong between us and Asterisk.

AriError                  Asterisk answered with an error status
├── AriNotFound           404: the channel, bridge, recording … is gone or never was
├── AriConflict           409: the id exists already, or the object's state forbids the command
└── AriUnprocessable      422: e.g. the channel is not (yet) in a Stasis app
AriDown                   no answer: not connected, connection lost
└── AriTimedOut           asked in vain: the command may or may not have been carried out
AppReplaced               another process took our application name; this process must end
"""

from __future__ import annotations

from ringway.runtime.errors import DependencyDown

__all__ = [
    "AppReplaced",
    "AriConflict",
    "AriDown",
    "AriError",
    "AriNotFound",
    "AriTimedOut",
    "AriUnprocessable",
    "error_for",
]


class AriError(Exception):
    """Asterisk refused a command.

    Attributes:
        status: HTTP status of the answer.
        message: Asterisk's own words.
        command: Our name of the command, e.g. ``originate``.
    """

    def __init__(self, status: int, message: str, command: str = "") -> None:
        super().__init__(f"{command or 'command'} refused with {status}: {message}")
        self.status = status
        self.message = message
        self.command = command


class AriNotFound(AriError):
    """The object is gone or never was. Usually somebody hung up a moment ago."""


class AriConflict(AriError):
    """The chosen id exists already, or the object's state forbids the command."""


class AriUnprocessable(AriError):
    """The request makes no sense for this object now, e.g. a channel outside Stasis."""


class AriDown(DependencyDown):
    """The Asterisk node cannot be asked at this moment."""


class AriTimedOut(AriDown):
    """No answer in time. The command may have been carried out: ask again with the same id."""


class AppReplaced(Exception):
    """Another client registered our application name, so no event reaches us any more."""

    def __init__(self, node: str, app: str) -> None:
        super().__init__(f"application {app} on node {node} was taken over by another client")
        self.node = node
        self.app = app


_BY_STATUS: dict[int, type[AriError]] = {
    404: AriNotFound,
    409: AriConflict,
    422: AriUnprocessable,
}


def error_for(status: int, message: str, command: str) -> AriError:
    """Return the most exact error for an answer of ``status`` 400 or above."""
    return _BY_STATUS.get(status, AriError)(status, message, command)
