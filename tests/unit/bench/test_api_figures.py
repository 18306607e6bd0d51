"""What the bench of the API makes of its measurements, and that its formulas are one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from bench.crm import people
from bench.crm.figures import paired, ratio, report, spread
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.unit

QUICK = {"p50_ms": 1.0, "p99_ms": 2.0, "asked": 100}
SLOW = {"p50_ms": 50.0, "p99_ms": 900.0, "asked": 100}


def pop(at_database: Any = QUICK, over_http: Any = QUICK, unread: Any = QUICK) -> dict[str, Any]:
    return {
        "at_database": at_database,
        "over_http": over_http,
        "unread": {"at_database": unread, "over_http": QUICK},
    }


def figures(**changed: Any) -> dict[str, Any]:
    return {
        "pop": pop(),
        "lists": {"by_balance": {"first": QUICK, "deep": QUICK, "unread": QUICK}},
        "get": {"to_bare": 0.7, "to_bare_without_reset": 0.5},
        "import": {"to_copy": 0.4},
        **changed,
    }


BASELINE: dict[str, Any] = {"select": QUICK, "pages": {"by_balance": QUICK}}


def test_all_aims_are_met_by_quick_answers() -> None:
    told = report(figures(), BASELINE)
    assert set(told) == {"bench", "figures", "baseline", "ratios", "aims", "met"}
    assert all(told["met"].values())
    assert told["met"].keys() == told["aims"].keys()
    assert told["ratios"]["by_balance_deep_to_first"] == 1.0
    assert told["ratios"]["by_balance_to_sql"] == 1.0


@pytest.mark.parametrize(
    ("changed", "missed"),
    [
        ({"pop": pop(at_database=SLOW)}, {"pop_at_database_p99_ms"}),
        ({"pop": pop(over_http=SLOW)}, {"pop_over_http_p99_ms"}),
        ({"pop": pop(unread=SLOW)}, {"pop_unread_at_database_p99_ms"}),
        (
            {"lists": {"by_balance": {"first": QUICK, "deep": SLOW, "unread": QUICK}}},
            {"deep_page_p99_ms", "pages_alike"},
        ),
        ({"lists": {"by_balance": {"first": SLOW, "deep": SLOW, "unread": SLOW}}},
         {"deep_page_p99_ms", "first_page_p99_ms", "unread_page_p99_ms"}),
        ({"get": {"to_bare": 0.5, "to_bare_without_reset": 0.4}}, {"get_to_bare"}),
        ({"import": {"to_copy": 0.1}}, {"import_to_copy"}),
        ({"import": {}}, {"import_to_copy"}),
    ],
)  # fmt: skip
def test_what_is_missed_is_named(changed: dict[str, Any], missed: set[str]) -> None:
    met = report(figures(**changed), BASELINE)["met"]
    assert {name for name, is_met in met.items() if not is_met} == missed


def test_only_what_was_measured_is_judged() -> None:
    told = report({"lists": {}, "get": {"to_bare": 0.7, "to_bare_without_reset": 0.5}}, {})
    assert told["met"] == {"get_to_bare": True}
    assert told["met"].keys() == told["aims"].keys()


def test_rounds_are_compared_with_their_neighbours() -> None:
    # The machine is half as quick in the second round: the ratio is the same.
    assert paired([100.0, 50.0, 99.0], [200.0, 100.0, 198.0]) == 0.5
    assert ratio(1.0, 0.0) is None
    assert ratio(None, 2.0) is None
    assert spread([]) == {"p50_ms": None, "p99_ms": None, "asked": 0}


@given(st.integers(100, 100_000_000))
def test_the_enterprises_share_all_rows_and_one_is_big(total: int) -> None:
    shares = people.shares(total)
    assert sum(shares.values()) == total
    assert next(iter(shares)) == "big"
    assert shares["big"] >= 0.8 * total


@given(st.integers(1, 10_000_000), st.integers(1, 10_000_000))
def test_ids_are_in_the_order_of_making_and_numbers_differ(one: int, other: int) -> None:
    ids = [people.customer_id(n, 10_000_000) for n in (one, other)]
    assert (ids[0] < ids[1]) == (one < other)
    assert all(isinstance(each, UUID) and each.version == 7 for each in ids)
    assert (people.phone(one) == people.phone(other)) == (one == other)
    assert len(people.phone(one)) == 14
