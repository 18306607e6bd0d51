"""RTCP reports, and the bad network that they tell of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.trainer.core import rtcp
from ringway.trainer.core.impairment import BadLine, Impairment
from ringway.trainer.core.rtcp import Block, Quality, Reception, Report

pytestmark = pytest.mark.property

_word = st.integers(0, 0xFFFFFFFF)
_blocks = st.builds(
    Block,
    ssrc=_word,
    fraction_lost=st.integers(0, 255).map(lambda n: n / 256),
    lost=st.integers(-0x800000, 0x7FFFFF),
    highest=_word,
    jitter_s=st.integers(0, 80_000).map(lambda n: n / 8000),
    last_report=_word,
    since_s=st.integers(0, 0xFFFFFFFF).map(lambda n: n / 65536),
)
_reports = st.one_of(
    st.builds(
        Report,
        ssrc=_word,
        ntp=st.integers(1, 2**64 - 1),
        timestamp=_word,
        packets=_word,
        octets=_word,
        blocks=st.lists(_blocks, max_size=3).map(tuple),
    ),
    st.builds(Report, ssrc=_word, blocks=st.lists(_blocks, max_size=3).map(tuple)),
)


@given(reports=st.lists(_reports, max_size=3))
def test_what_is_written_is_read(reports: list[Report]) -> None:
    assert rtcp.parse(b"".join(report.serialise() for report in reports)) == reports


@given(data=st.binary(max_size=200), report=_reports, cut=st.integers(0, 100))
def test_rubbish_is_left_out(data: bytes, report: Report, cut: int) -> None:
    rtcp.parse(data)
    rtcp.parse(report.serialise()[:cut])


@given(
    start=st.integers(0, 0xFFFF),
    lost=st.sets(st.integers(1, 298), max_size=100),
    swaps=st.sets(st.integers(0, 149), max_size=20),
)
def test_losses_are_counted_across_the_wrap_and_out_of_order(
    start: int, lost: set[int], swaps: set[int]
) -> None:
    order = list(range(300))
    for pair in swaps:
        order[2 * pair], order[2 * pair + 1] = order[2 * pair + 1], order[2 * pair]
    arriving = [n for n in order if n not in lost]
    reception = Reception()
    # The first and the last packet come in their places: they tell where the stream begins.
    arriving = [0, *(n for n in arriving if n not in (0, 299)), 299]
    for n in arriving:
        reception.take(7, (start + n) & 0xFFFF, 160 * n, 0.02 * n)
    assert reception.lost == len(lost)
    source, rate, total = reception.block()
    assert (source, total) == (7, len(lost))
    assert rate == pytest.approx(len(lost) / 300)
    assert reception.block()[1] == 0  # nothing came since


@given(at=st.floats(1, 1e6), way_s=st.floats(0, 0.5), held_s=st.floats(0, 4))
def test_the_round_trip_is_what_it_was(at: float, way_s: float, held_s: float) -> None:
    ours, theirs = Quality(), Quality()
    theirs.reception.take(1, 1, 160, at)
    theirs.take(ours.report(1, 0, 10, 1600, at).serialise(), 2, at + way_s)
    reply = theirs.report(2, 0, 0, 0, at + way_s + held_s)
    assert not reply.is_sender
    ours.take(reply.serialise(), 1, at + 2 * way_s + held_s)
    assert ours.rtt_s == pytest.approx(2 * way_s, abs=0.001)
    assert ours.remote_loss_rate == 0


def test_even_packets_have_no_jitter_and_uneven_ones_have() -> None:
    even, uneven = Reception(), Reception()
    for n in range(200):
        even.take(1, n, 160 * n, 0.02 * n)
        uneven.take(1, n, 160 * n, 0.02 * n + (0.03 if n % 2 else 0))
    assert even.jitter == pytest.approx(0, abs=0.01)
    assert uneven.jitter / 8000 == pytest.approx(0.03, rel=0.05)


def test_a_new_source_is_counted_anew() -> None:
    reception = Reception()
    reception.take(1, 100, 0, 0)
    reception.take(1, 200, 0, 0)
    reception.take(2, 5, 0, 0)
    assert (reception.received, reception.lost) == (1, 0)


@given(
    loss_rate=st.floats(0, 1),
    every=st.integers(0, 9),
    delay_s=st.floats(0, 1),
    jitter_s=st.floats(0, 1),
    seed=st.integers(),
)
def test_a_bad_line_keeps_its_bounds_and_repeats_itself(
    loss_rate: float, every: int, delay_s: float, jitter_s: float, seed: int
) -> None:
    bad = Impairment(loss_rate, every, delay_s, jitter_s, seed)
    one, two = BadLine(bad), BadLine(bad)
    fates = [one.delay_s() for _ in range(90)]
    assert fates == [two.delay_s() for _ in range(90)]
    assert one.lost == fates.count(None)
    assert all(fate is None or delay_s <= fate <= delay_s + jitter_s for fate in fates)
    if every:
        assert all(fate is None for fate in fates[every - 1 :: every])
    if loss_rate == 0 and not every:
        assert one.lost == 0


@pytest.mark.parametrize("bad", [{"loss_rate": 1.1}, {"delay_s": -1}, {"drop_every": -1}])
def test_an_impossible_line_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Impairment(**bad)  # type: ignore[arg-type]
