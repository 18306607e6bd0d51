"""What the end of a dialed channel means, in our own words.

The SIP status (``tech_cause``) is believed before the Q.850 cause, because Asterisk folds
several statuses into one cause. One status is made up by Asterisk itself: 480 when our own ring
time-out passed. It is told from a real 480 by the missing hang-up request.
"""

from __future__ import annotations

from dataclasses import dataclass

from ringway.proto.dialer import AttemptDisposition as D
from ringway.proto.dialer_spec import NumberState

_BY_SIP = {
    401: D.FAILED,
    402: D.FAILED,
    403: D.REJECTED,
    404: D.INVALID_NUMBER,
    406: D.FAILED,
    407: D.FAILED,
    408: D.NO_ANSWER,
    410: D.INVALID_NUMBER,
    416: D.INVALID_NUMBER,
    433: D.REJECTED,
    480: D.NO_ANSWER,
    484: D.INVALID_NUMBER,
    485: D.INVALID_NUMBER,
    486: D.BUSY,
    487: D.NO_ANSWER,
    503: D.CONGESTION,
    600: D.BUSY,
    603: D.REJECTED,
    604: D.INVALID_NUMBER,
    606: D.FAILED,
    607: D.REJECTED,
    608: D.REJECTED,
}
_BY_Q850 = {
    1: D.INVALID_NUMBER,
    16: D.CANCELLED,
    17: D.BUSY,
    18: D.NO_ANSWER,
    19: D.NO_ANSWER,
    20: D.NO_ANSWER,
    21: D.REJECTED,
    22: D.INVALID_NUMBER,
    28: D.INVALID_NUMBER,
    34: D.CONGESTION,
    42: D.CONGESTION,
    44: D.CONGESTION,
}
# What the network said of the number; who is out of reach now may be reached later.
_BY_STATE = {
    NumberState.VACANT: D.INVALID_NUMBER,
    NumberState.SUSPENDED: D.INVALID_NUMBER,
    NumberState.BARRED: D.REJECTED,
    NumberState.POWERED_OFF: D.NO_ANSWER,
    NumberState.UNREACHABLE: D.NO_ANSWER,
    NumberState.BUSY: D.BUSY,
    NumberState.NO_ANSWER: D.NO_ANSWER,
}
# Q.850 127 (interworking) stands for many things; what it stands for is the SIP status.
_CDR = {
    "BUSY": D.BUSY,
    "NO ANSWER": D.NO_ANSWER,
    "CONGESTION": D.CONGESTION,
    "FAILED": D.FAILED,
}


@dataclass(frozen=True, slots=True)
class ChannelEnd:
    """How Asterisk reported the end of a channel that was never answered.

    Attributes:
        cause: Q.850 cause, 0 when none was given.
        tech_cause: SIP status, 0 when there was none.
        progressed: The far end rang or sent early media.
        hangup_requested: Asterisk saw the far end (or us) ask for the hang-up.
        cancelled: We asked for the hang-up before an answer.
    """

    cause: int
    tech_cause: int
    progressed: bool
    hangup_requested: bool
    cancelled: bool


def unanswered(end: ChannelEnd) -> D:
    """Return the disposition of a call that ended without an answer."""
    if end.cancelled:
        return D.CANCELLED
    if end.tech_cause == 480 and not end.hangup_requested and not end.progressed:
        # Our own time-out, and not one word from the trunk in all that time.
        return D.FAILED
    if end.tech_cause in _BY_SIP:
        return _BY_SIP[end.tech_cause]
    if end.tech_cause >= 400:
        return D.FAILED
    return _BY_Q850.get(end.cause, D.FAILED)


def announced(state: NumberState) -> D:
    """Return the disposition of a call whose number the network spoke about."""
    return _BY_STATE[state]


def from_cdr(cdr_disposition: str) -> D:
    """Return the disposition of a call whose end nobody watched, from Asterisk's own record.

    An answered call is LOST: the record cannot say whether an agent was there.
    """
    return _CDR.get(cdr_disposition.upper(), D.LOST)


def is_trunk_failure(disposition: D) -> bool:
    """Tell whether this outcome says something about the trunk and nothing about the lead."""
    return disposition in (D.CONGESTION, D.FAILED)
