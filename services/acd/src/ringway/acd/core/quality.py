"""How a leg sounds: the E-model on what RTCP tells, and alarms that are told once.

Formula: ITU-T G.107 in the simplified form for narrow-band codecs: R = 93.2 - Id - Ie,eff with
Id = 0.024 d + 0.11 (d - 177.3) H(d - 177.3) and Ie,eff = 95 p / (p + Bpl), where d is the one-way
delay in ms, p the loss in percent and Bpl = 25.1 (G.711 with concealment, ITU-T G.113
appendix I). MOS = 1 + 0.035 R + 7e-6 R (R - 60) (100 - R), ITU-T G.107 annex B.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_R0 = 93.2
_BPL = 25.1
_KNEE_MS = 177.3
_CODEC_MS = 20.0  # one packet
_BEST = 4.5
_CLEAN_PACKETS = 550  # eleven seconds of packets without a loss, more than two reports
# A measure that was over its limit is good again only this much on the good side.
_HYSTERESIS = 0.9


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at a leg's counters since its beginning, as Asterisk sees the far end.

    ``received``: what came from the phone; ``sent``: what the phone says it got. Milliseconds.
    """

    received_packets: int = 0
    received_lost: int = 0
    received_jitter_ms: float = 0.0
    sent_packets: int = 0
    sent_lost: int = 0
    sent_jitter_ms: float = 0.0
    rtt_ms: float = 0.0

    @property
    def received_loss_percent(self) -> float:
        """Of what the phone sent, what did not come."""
        return _percent(self.received_lost, self.received_packets + self.received_lost)

    @property
    def sent_loss_percent(self) -> float:
        """Of what was sent to the phone, what it says it did not get."""
        return _percent(self.sent_lost, self.sent_packets)

    @property
    def mos(self) -> float:
        """The worse direction's mean opinion score, 1 to 4.5."""
        return min(
            mos(self.received_loss_percent, self.received_jitter_ms, self.rtt_ms),
            mos(self.sent_loss_percent, self.sent_jitter_ms, self.rtt_ms),
        )

    def since(self, earlier: Reading) -> Reading:
        """Return what happened between two looks; jitter and delay are as they are now."""
        return Reading(
            max(0, self.received_packets - earlier.received_packets),
            max(0, self.received_lost - earlier.received_lost),
            self.received_jitter_ms,
            max(0, self.sent_packets - earlier.sent_packets),
            max(0, self.sent_lost - earlier.sent_lost),
            self.sent_jitter_ms,
            self.rtt_ms,
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """What a leg may be before it is an alarm."""

    mos: float = 3.5
    loss_percent: float = 3.0
    jitter_ms: float = 60.0
    rtt_ms: float = 400.0


@dataclass(frozen=True, slots=True)
class Alarm:
    """A measure went over its limit."""

    measure: str
    value: float
    limit: float


def mos(loss_percent: float, jitter_ms: float, rtt_ms: float) -> float:
    """Return the mean opinion score, 1 to 4.5, of one direction.

    The jitter buffer is taken as twice the jitter, at least one packet of 20 ms.
    """
    delay_ms = rtt_ms / 2 + max(2 * jitter_ms, _CODEC_MS) + _CODEC_MS
    impairment = 0.024 * delay_ms + 0.11 * max(0.0, delay_ms - _KNEE_MS)
    r = _R0 - impairment - 95.0 * loss_percent / (loss_percent + _BPL)
    if r <= 0:
        return 1.0
    return max(1.0, min(4.5, 1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r)))


class _RecentLoss:
    """Loss of late. The counter of lost packets moves only with RTCP, every five seconds."""

    def __init__(self) -> None:
        self.percent = 0.0
        self._packets = self._lost = 0

    def begin(self, packets: int, lost: int) -> None:
        self._packets, self._lost = packets, lost

    def look(self, packets: int, lost: int) -> None:
        came, missing = packets - self._packets, lost - self._lost
        if missing > 0:
            self.percent = _percent(missing, max(came, 0) + missing)
        elif came < _CLEAN_PACKETS:
            return
        else:
            self.percent = 0.0
        self.begin(packets, lost)


@dataclass(frozen=True, slots=True)
class Stretch:
    """How a leg is of late; the worse direction."""

    loss_percent: float = 0.0
    jitter_ms: float = 0.0
    rtt_ms: float = 0.0

    @property
    def mos(self) -> float:
        """Mean opinion score, 1 to 4.5."""
        return mos(self.loss_percent, self.jitter_ms, self.rtt_ms)


class LegQuality:
    """One leg's quality in one talk: of late, over the whole talk, and its open alarms.

    Args:
        base: The counters as the talk began. ``None``: the leg is older than the talk, so the
            first look says where it begins.
    """

    def __init__(self, base: Reading | None = Reading()) -> None:
        self._base = base
        self.last = base or Reading()
        self.now = Stretch()
        self.had_alarm = False
        self._received, self._sent = _RecentLoss(), _RecentLoss()
        self._open: set[str] = set()
        self._begin()

    @property
    def whole(self) -> Reading:
        """The talk so far."""
        return self.last.since(self._base) if self._base is not None else Reading()

    def look(self, reading: Reading, limits: Limits) -> Iterator[Alarm]:
        """Take one look; yields what has just gone over its limit, once until it is good again."""
        if self._base is None:
            self._base = self.last = reading
            self._begin()
        moved = reading.since(self.last)
        self.last = reading
        if moved.received_packets == 0 and moved.sent_packets == 0:
            return
        self._received.look(reading.received_packets, reading.received_lost)
        # A phone's count of what it did not get is part of what was sent.
        self._sent.look(reading.sent_packets - reading.sent_lost, reading.sent_lost)
        self.now = now = Stretch(
            max(self._received.percent, self._sent.percent),
            max(reading.received_jitter_ms, reading.sent_jitter_ms),
            reading.rtt_ms,
        )
        for measure, value, limit, told, told_limit in (
            ("loss", now.loss_percent, limits.loss_percent, now.loss_percent, limits.loss_percent),
            ("jitter", now.jitter_ms, limits.jitter_ms, now.jitter_ms, limits.jitter_ms),
            ("rtt", now.rtt_ms, limits.rtt_ms, now.rtt_ms, limits.rtt_ms),
            # Of a score, less is worse: compare how far it is below the best.
            ("mos", _BEST - now.mos, _BEST - limits.mos, now.mos, limits.mos),
        ):
            if value > limit and measure not in self._open:
                self._open.add(measure)
                self.had_alarm = True
                yield Alarm(measure, told, told_limit)
            elif value <= limit * _HYSTERESIS:
                self._open.discard(measure)

    def _begin(self) -> None:
        last = self.last
        self._received.begin(last.received_packets, last.received_lost)
        self._sent.begin(last.sent_packets - last.sent_lost, last.sent_lost)


def _percent(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole > 0 else 0.0
