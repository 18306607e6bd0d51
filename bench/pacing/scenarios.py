"""The shifts that are simulated: some to tune with, others to report.

The two sets share no parameter values, names or seeds: whoever changes the pacer looks at
``tuning()``, and ``held_out()`` says what the change is worth.
"""

from __future__ import annotations

from bench.pacing.scenario import (
    Scenario,
    drift,
    fixed,
    flat,
    gamma,
    lognormal,
    mixture,
    steps,
    wave,
)

_SHORT_OR_LONG = mixture((0.55, lognormal(20, 0.6)), (0.45, lognormal(260, 0.7)))
_SALES = mixture((0.4, gamma(12, 2)), (0.6, lognormal(190, 0.8)))


def tuning() -> list[Scenario]:
    """Return shifts to tune with."""
    slow_ring, amd = gamma(15, 3), gamma(0.9, 9)
    return [
        Scenario("t5-low", 5, flat(0.15), hours=5),
        Scenario("t5-mid", 5, flat(0.35), hours=5, talk=gamma(200, 1.5)),
        Scenario("t5-high", 5, drift(0.6, 0.4, 5), hours=5, talk=lognormal(80, 0.7)),
        Scenario("t15-low", 15, flat(0.2), hours=4, ring=slow_ring, ring_timeout_s=30),
        Scenario("t15-drift", 15, drift(0.5, 0.25, 4), hours=4, talk=_SHORT_OR_LONG),
        Scenario("t15-amd", 15, flat(0.25), hours=4, machines=0.35, amd=amd),
        Scenario("t50-low", 50, flat(0.12), hours=3, ring=slow_ring, ring_timeout_s=30),
        Scenario("t50-steps", 50, steps(0.2, (60, 0.45), (120, 0.15)), hours=3),
        Scenario("t50-breaks", 50, flat(0.4), hours=3, talk=_SALES, breaks_per_hour=1.0),
        Scenario("t200", 200, flat(0.25), hours=2, breaks_per_hour=0.7),
        Scenario("t200-wave", 200, wave(0.35, 0.1, 50), hours=2, talk=lognormal(110, 0.9)),
        Scenario("t500", 500, flat(0.2), hours=1.5, talk=gamma(180, 1.3)),
    ]


def held_out() -> list[Scenario]:
    """Return shifts to report."""
    far, near, very_far = lognormal(13, 0.5), gamma(8, 2), gamma(22, 5)
    refused_or_sold = mixture((0.7, lognormal(12, 0.4)), (0.3, lognormal(420, 0.3)))
    amd = lognormal(1.1, 0.35)
    return [
        Scenario("5 steady", 5, flat(0.28), hours=4, talk=lognormal(170, 0.8)),
        Scenario("5 few answer", 5, flat(0.11), hours=4, ring=far, ring_timeout_s=28),
        Scenario("5 breaks", 5, wave(0.4, 0.12, 70), hours=4, breaks_per_hour=0.8),
        Scenario("15 steady", 15, flat(0.33), hours=3, talk=gamma(140, 1.2), wrap=gamma(35, 2)),
        Scenario("15 AMD", 15, flat(0.22), hours=3, machines=0.4, amd=amd, ring=near),
        Scenario("15 steps", 15, steps(0.45, (60, 0.18), (125, 0.55)), hours=3, talk=_SALES),
        Scenario("15 line cap", 15, flat(0.14), hours=3, lines_per_agent=2.2),
        Scenario("50 steady", 50, flat(0.27), hours=2.5, talk=lognormal(210, 0.9)),
        Scenario(
            "50 short talks", 50, drift(0.2, 0.5, 2.5), hours=2.5, talk=_SHORT_OR_LONG, ring=near
        ),
        Scenario(
            "50 comings and goings", 50, flat(0.36), hours=3, absent=20, breaks_per_hour=1.2,
            joins=((45, 15), (90, 5), (120, -18), (145, 10)),
        ),
        Scenario(
            "50 AMD, new list", 50, steps(0.16, (70, 0.34)), hours=2.5, machines=0.3, amd=amd,
            ring=far, ring_timeout_s=28, speed_spread=0.25,
        ),
        Scenario("50 carrier fault", 50, flat(0.3), hours=2, fault=(60, 68)),
        Scenario("200 steady", 200, flat(0.22), hours=1.5, talk=gamma(160, 1.1)),
        Scenario(
            "200 rate cap, breaks", 200, wave(0.3, 0.08, 50), hours=1.5, cps=7.0,
            breaks_per_hour=0.9, wrap=mixture((0.5, fixed(5)), (0.5, gamma(40, 3))),
        ),
        Scenario("200 short list", 200, flat(0.42), hours=1.5, leads=12_000, ring=near),
        Scenario("500 steady", 500, flat(0.18), hours=1.25, talk=lognormal(190, 1.0), ring=far),
        Scenario("500 list change", 500, steps(0.3, (40, 0.5)), hours=1.25, talk=_SALES),
        # What a shift may bring besides: jumps, spikes, two kinds of talks, tight limits.
        Scenario("5 threefold steps", 5, steps(0.12, (80, 0.36), (160, 0.12)), hours=4),
        Scenario(
            "15 inbound spikes", 15, flat(0.3), hours=3,
            inbound=steps(0.0, (40, 4.0), (50, 0.0), (100, 7.0), (115, 0.0)),
        ),
        Scenario("15 two kinds of talks", 15, flat(0.24), hours=3, talk=refused_or_sold),
        Scenario("50 all come at once", 50, flat(0.3), hours=2, absent=48, joins=((15, 48),)),
        Scenario("50 long ringing", 50, flat(0.2), hours=2, ring=very_far, ring_timeout_s=45),
        Scenario("50 rate cap", 50, flat(0.15), hours=2, cps=1.5),
        Scenario(
            "200 threefold step", 200, steps(0.12, (35, 0.36)), hours=1.25,
            inbound=steps(0.0, (50, 40.0), (60, 0.0)),
        ),
    ]  # fmt: skip
