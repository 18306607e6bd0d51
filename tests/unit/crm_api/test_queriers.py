"""Queries: nothing of a request gets into SQL; periods, schedules and problems."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.support.query_strategies import Json, queries
from tests.support.query_world import ASKED, CATALOGUE, PATHS

from ringway.crm_api.core.queriers.compiler import Compiled, compile_count, compile_query
from ringway.crm_api.core.queriers.moments import days, next_at, period
from ringway.crm_api.core.queriers.problems import problems, terms
from ringway.crm_api.core.queriers.query import COUNTED, Query, Relative, Span
from ringway.crm_api.core.queriers.refusals import QueryRefused
from ringway.crm_api.queriers.store import read, written
from ringway.crm_api.queriers.templates import templates

pytestmark = pytest.mark.property

_TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30)
_EVIL = st.sampled_from(["';--", "$1", "{t}", "{0}", "{x}", "{r}", "\\", '"', "%s", "x' OR 'a'='a"])


def _compiled(asked: Json, *, limit: int = 10) -> Compiled:
    return compile_query(Query.model_validate(asked), CATALOGUE, ASKED, limit=limit)


@given(queries(), _TEXT | _EVIL)
def test_no_text_of_a_query_reaches_the_sql(asked: Json, text: str) -> None:
    """Whatever the values and labels are, the SQL is the same; values are parameters only."""
    other = _with_other_texts(asked, text)
    one, two = _compiled(asked), _compiled(other)
    assert one.sql == two.sql
    assert len(one.values) == len(two.values) == max(map(int, re.findall(r"\$(\d+)", one.sql)))
    counts = [
        compile_count(Query.model_validate(each), CATALOGUE, ASKED, limit=5).sql
        for each in (asked, other)
    ]
    assert counts[0] == counts[1]


def _with_other_texts(part: Any, text: str) -> Any:
    """Replace values that are compared with texts, and all labels."""
    if isinstance(part, dict):
        made = {key: _with_other_texts(value, text) for key, value in part.items()}
        if part.get("field", "").endswith(("name", "note", "tags")) and "value" in part:
            value = part["value"]
            made["value"] = [text] * len(value) if isinstance(value, list) else text
        if "function" in part or ("field" in part and "op" not in part):
            made["label"] = text[:100]
        return made
    return [_with_other_texts(each, text) for each in part] if isinstance(part, list) else part


@given(st.one_of(_EVIL, _TEXT, st.from_regex(r"[a-z][a-z0-9_.]{0,20}", fullmatch=True)))
def test_names_that_the_catalogue_does_not_have_are_refused_in_the_same_words(name: str) -> None:
    if name in PATHS["persons"] or name in CATALOGUE or name.split(".")[-1] in PATHS["persons"]:
        return
    for asked in (
        {"source": name or "x", "columns": [{"field": "id"}]},
        {"source": "persons", "columns": [{"field": name}]},
        {"source": "persons", "columns": [{"field": "id"}], "sort": [{"by": name}]},
        {"source": "persons", "groups": [{"field": name}]},
        {"source": "persons", "aggregates": [{"function": "max", "name": "m", "field": name}]},
        {"source": "persons", "columns": [{"field": "id"}],
         "where": {"field": name, "op": "is_empty"}},
        {"source": "persons", "columns": [{"field": "id"}], "where": {"related": "deals",
                                                                      "by": name}},
        {"source": "persons", "columns": [{"field": "id"}], "where": {"related": name,
                                                                      "by": "person"}},
    ):  # fmt: skip
        with pytest.raises((QueryRefused, ValidationError)) as refused:
            _compiled(asked)
        if isinstance(refused.value, QueryRefused):
            assert refused.value.code in (
                *("querier_field_unknown", "querier_source_unknown", "querier_reference_unknown"),
            )


@given(queries())
def test_a_query_is_the_same_after_it_was_stored(asked: Json) -> None:
    query = Query.model_validate(asked)
    assert read(written(query)) == query


def test_what_is_too_much_is_refused() -> None:
    leaf: Json = {"field": "age", "op": "eq", "value": 1}
    deep = leaf
    for _ in range(6):
        deep = {"not": deep}
    plain: Json = {"source": "persons", "columns": [{"field": "id"}]}
    for asked in (
        {**plain, "where": deep},
        {**plain, "where": {"all": [{"any": [leaf] * 30}, {"any": [leaf] * 30}]}},
        {**plain, "groups": [{"field": "age"}]},
        {"source": "persons"},
        {**plain, "columns": [{"field": "id"}] * 2},
        {**plain, "limit": 100_001},
        {**plain, "where": {**leaf, "value": 10**400}},
        {**plain, "where": {**leaf, "value": float("inf")}},
        {**plain, "where": {**leaf, "value": {"me": False}}},
    ):
        with pytest.raises(ValidationError):
            Query.model_validate(asked)
    for asked, code in (
        ({**plain, "columns": [{"field": "boss.boss.boss.boss.age"}]}, "querier_path_too_long"),
        ({**plain, "where": {**leaf, "value": "1"}}, "querier_value_invalid"),
        ({**plain, "where": {**leaf, "value": 2**70}}, "querier_value_invalid"),
        (
            {
                "source": "persons",
                "aggregates": [{"function": "max", "name": "m", "field": "seen"}],
                "having": [{"aggregate": "m", "op": "gt", "value": 1}],
            },
            "querier_having_invalid",
        ),
        ({**plain, "where": {**leaf, "value": True}}, "querier_value_invalid"),
        ({**plain, "where": {**leaf, "op": "contains"}}, "querier_operator_invalid"),
        ({**plain, "where": {"field": "seen", "op": "lt", "value": "2026-01-01T00:00:00"}},
         "querier_value_invalid"),
        ({**plain, "sort": [{"by": "tags"}]}, "querier_sort_invalid"),
        ({"source": "persons", "groups": [{"field": "tags"}]}, "querier_group_invalid"),
        ({"source": "persons", "groups": [{"field": "age", "by": "day"}]}, "querier_group_invalid"),
        ({"source": "persons", "aggregates": [{"function": "sum", "name": "s", "field": "name"}]},
         "querier_aggregate_invalid"),
    ):  # fmt: skip
        with pytest.raises(QueryRefused) as refused:
            _compiled(asked)
        assert refused.value.code == code


_ZONES = st.sampled_from(["UTC", "Asia/Shanghai", "Europe/Bucharest", "America/St_Johns"])
_MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=UTC)
)


@given(_MOMENTS, _ZONES, st.sampled_from(Span), st.integers(1, 400))
def test_periods_begin_at_midnight_of_the_zone_and_do_not_end_before_they_begin(
    now: datetime, zone: str, span: Span, n: int
) -> None:
    relative = Relative(relative=span, n=n if span in COUNTED else None)
    begin, end = period(relative, now, zone)
    assert begin < end
    if days(relative, now, zone) is not None:
        assert begin.astimezone(ZoneInfo(zone)).time() == time()
        assert end.astimezone(ZoneInfo(zone)).time() == time()
    if span in (Span.TODAY, Span.THIS_WEEK, Span.THIS_MONTH, Span.THIS_YEAR, Span.LAST_DAYS):
        assert begin <= now < end
    if span in (Span.YESTERDAY, Span.LAST_WEEK, Span.LAST_MONTH, Span.LAST_YEAR):
        assert end <= now


@given(
    _MOMENTS, _ZONES, st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.frozensets(st.integers(1, 7)),
)  # fmt: skip
def test_the_next_time_is_after_now_within_eight_days_on_a_chosen_day(
    now: datetime, zone: str, clock: time, weekdays: frozenset[int]
) -> None:
    found = next_at(now, clock, weekdays, zone)
    assert now < found <= now + timedelta(days=8)
    local = found.astimezone(ZoneInfo(zone))
    assert not weekdays or local.isoweekday() in weekdays
    shown = timedelta(hours=local.hour, minutes=local.minute)
    meant = timedelta(hours=clock.hour, minutes=clock.minute)
    # Where clocks are put forward, a time that they leave out is an hour later.
    assert abs(shown - meant) <= timedelta(hours=1)


@given(st.lists(st.text(max_size=40), max_size=30))
def test_every_text_with_a_word_is_of_one_problem(texts: list[str]) -> None:
    found = problems(texts)
    members = [n for each in found for n in each.members]
    assert len(members) == len(set(members)) <= len(texts)
    assert [len(each.members) for each in found] == sorted(
        (len(each.members) for each in found), reverse=True
    )
    assert found == problems(list(texts))


def test_texts_that_speak_of_the_same_are_put_together() -> None:
    texts = [
        "The router does not connect to the internet",
        "快递还没有收到，物流没有更新",
        "internet router will not connect",
        "物流没有更新，快递没有收到",
        "Invoice has a wrong address",
        "my router does not connect",
    ]
    found = problems(texts)
    assert [sorted(each.members) for each in found] == [[0, 2, 5], [1, 3], [4]]
    assert {"router", "connect"} <= set(found[0].words)
    assert terms("VIP客户A1") == ["客户", "vip"]


def test_shipped_queriers_are_sound() -> None:
    assert {"call_history", "agent_statistics", "my_day", "call_loss", "agent_utilisation"} <= set(
        templates()
    )
