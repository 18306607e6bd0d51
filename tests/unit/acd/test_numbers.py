"""What people dial, and what is called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ringway.acd.core.numbers import Dialled, NumberKind, NumberPlan, NumberRefused, normalise

pytestmark = pytest.mark.unit

BEIJING = NumberPlan(
    "86",
    area_code="10",
    internal=("7XXX", "8XXX"),
    short_codes=("110", "120", "955XX", "*97"),
    barred=("+881", "+8616"),
)
BUCHAREST = NumberPlan("40")
NEW_YORK = NumberPlan("1", "1", ("011",), area_code="212", outside_prefix="9")


@pytest.mark.parametrize(
    ("plan", "dialled", "kind", "value"),
    [
        (BEIJING, "8001", NumberKind.INTERNAL, "8001"),
        (BEIJING, "110", NumberKind.SHORT, "110"),
        (BEIJING, "95588", NumberKind.SHORT, "95588"),
        (BEIJING, "*97", NumberKind.SHORT, "*97"),
        (BEIJING, "6234 5678", NumberKind.E164, "+861062345678"),
        (BEIJING, "(010) 6234-5678", NumberKind.E164, "+861062345678"),
        (BEIJING, "021 6234 5678", NumberKind.E164, "+862162345678"),
        (BEIJING, "138 0013 8000", NumberKind.E164, "+8613800138000"),
        (BEIJING, "0138 0013 8000", NumberKind.E164, "+8613800138000"),
        (BEIJING, "＋８６１３８００１３８０００", NumberKind.E164, "+8613800138000"),
        (BEIJING, "0086 10 6234 5678", NumberKind.E164, "+861062345678"),
        (BEIJING, "0040 21 555 0100", NumberKind.E164, "+40215550100"),
        (BUCHAREST, "021 555 0100", NumberKind.E164, "+40215550100"),
        (BUCHAREST, "215550100", NumberKind.E164, "+40215550100"),
        (NEW_YORK, "9 555 0100", NumberKind.E164, "+12125550100"),
        (NEW_YORK, "9-1-646-555-0100", NumberKind.E164, "+16465550100"),
        (NEW_YORK, "+1 646 555 0100", NumberKind.E164, "+16465550100"),
        (NEW_YORK, "011 40 21 555 0100", NumberKind.E164, "+40215550100"),
    ],
)
def test_people_dial_in_many_ways(
    plan: NumberPlan, dialled: str, kind: NumberKind, value: str
) -> None:
    assert normalise(dialled, plan) == Dialled(kind, value)


@pytest.mark.parametrize(
    ("plan", "dialled", "code"),
    [
        (BEIJING, "", "empty"),
        (BEIJING, " - ", "empty"),
        (BEIJING, "+", "empty"),
        (BEIJING, "call 110", "letters"),
        (BEIJING, "1+10", "letters"),
        (BEIJING, "١١٠", "letters"),
        (BEIJING, "+86", "too_short"),
        (BEIJING, "+86 10", "too_short"),
        (BEIJING, "00", "too_short"),
        (NEW_YORK, "9", "too_short"),
        (BEIJING, "+86 138 0013 8000 8000", "too_long"),
        (BEIJING, "+12345678901234567", "too_long"),
        (BEIJING, "1" * 10_000, "too_long"),
        (BEIJING, "+999 123 4567", "invalid"),
        (BEIJING, "*98", "invalid"),
        (BEIJING, "+1 215 155 0100", "invalid"),
        (BEIJING, "+881 6 1234 5678", "not_allowed"),
        (BEIJING, "16212345678", "not_allowed"),
    ],
)
def test_what_cannot_be_called_is_refused(plan: NumberPlan, dialled: str, code: str) -> None:
    with pytest.raises(NumberRefused) as refused:
        normalise(dialled, plan)
    assert refused.value.code == code
    assert str(refused.value)


def test_a_plan_may_take_numbers_that_are_only_possible() -> None:
    loose = NumberPlan("40", must_be_assigned=False)
    assert normalise("+1 215 155 0100", loose).value == "+12151550100"


@pytest.mark.parametrize(
    ("country_code", "internal"), [("", "1"), ("+86", "1"), ("999", "1"), ("86", "["), ("86", "")]
)
def test_a_plan_that_makes_no_sense_is_refused(country_code: str, internal: str) -> None:
    with pytest.raises(ValueError, match=r"is no|No country"):
        NumberPlan(country_code, internal=(internal,))


def test_a_refusal_passes_through_context_managers() -> None:
    @contextmanager
    def anything() -> Iterator[None]:
        yield

    with pytest.raises(NumberRefused), anything():
        normalise("", BEIJING)
