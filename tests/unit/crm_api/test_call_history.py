"""Bounds of the call history's pages: ranges of ids and of texts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.crm_api.interactions.search import after_prefix, first_id
from ringway.runtime.ids import uuid7_of

pytestmark = pytest.mark.unit

_MOMENTS = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(9000, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
_NUMBERS = st.text(alphabet="+0123456789*#", min_size=1, max_size=20)


@given(at=_MOMENTS, name=st.text(max_size=10))
def test_the_first_id_of_a_moment_is_before_what_began_then_and_after_all_earlier(
    at: datetime, name: str
) -> None:
    assert first_id(at) <= uuid7_of(at, name)
    assert uuid7_of(at - timedelta(milliseconds=1), name) < first_id(at)


@given(prefix=_NUMBERS, number=_NUMBERS)
def test_a_prefix_is_one_range_of_texts(prefix: str, number: str) -> None:
    assert (prefix <= number < after_prefix(prefix)) == number.startswith(prefix)


def test_moments_before_the_first_id_have_it() -> None:
    assert first_id(datetime.min.replace(tzinfo=UTC)).int == 0
