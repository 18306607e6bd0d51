"""Whatever a tenant imports, the answer is a calendar or a list of errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.acd.core.calendar_rows import CalendarRowsInvalid, RowError, calendar_from_rows

pytestmark = pytest.mark.property


_COLUMNS = ("day", "from", "to", "date", "until", "like", "name", "agents")
_texts = st.sampled_from(
    ("", "mon", "sun-mon", "周日", "09:00", "24:00", "0:00", "2026-10-01", "2026-10-02", "always")
) | st.text(max_size=5)


@given(
    st.sampled_from(("Asia/Shanghai", "", "/etc", "../x", "Europe")),
    st.lists(
        st.fixed_dictionaries(
            {"kind": st.sampled_from(("hours", "closed", "workday", "duty"))},
            optional=dict.fromkeys(_COLUMNS, _texts),
        ),
        max_size=6,
    ),
)
def test_no_row_makes_an_unexpected_error(zone: str, rows: list[dict[str, str]]) -> None:
    errors: tuple[RowError, ...] | None = None
    try:
        calendar_from_rows(zone, rows)
    except CalendarRowsInvalid as invalid:
        errors = invalid.errors
    assert errors is None or (errors and all(error.message for error in errors))
