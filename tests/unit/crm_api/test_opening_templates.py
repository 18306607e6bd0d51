"""Starting templates are whole, and what agents meet makes sense."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from ringway.crm_api.core.opening.templates import (
    FIRST_PROJECT,
    DispositionTemplate,
    Language,
    LawTemplate,
    dispositions,
    law,
)
from ringway.proto.dialer_callback import DispositionAction, catalogue

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("template", DispositionTemplate)
def test_a_catalogue_has_all_that_a_call_may_come_to(template: DispositionTemplate) -> None:
    entries = catalogue(dispositions(template))
    shown = [each for each in entries.values() if each.is_active]
    assert {DispositionAction.CALLBACK, DispositionAction.DNC, DispositionAction.CLOSE} <= {
        each.action for each in shown
    }
    assert any(each.counts_as_success for each in shown)
    for language in ("name_en", "name_zh"):
        names = [getattr(each, language) for each in shown]
        assert len(set(names)) == len(names)
    positions = [each.position for each in shown]
    assert len(set(positions)) == len(positions)  # the order is one that somebody chose


@pytest.mark.parametrize("template", LawTemplate)
def test_laws_leave_the_night_in_peace(template: LawTemplate) -> None:
    found = law(template)
    if template is LawTemplate.NONE:
        assert found is None
        return
    assert found is not None
    ZoneInfo(found.zone)
    schedule = found.schedule(None)
    assert schedule.use_lead_zone
    assert schedule.windows
    assert all("08:00" <= w.begins < w.ends <= "20:00" for w in schedule.windows)
    assert found.caps.number_per_day is not None
    assert found.caps.number_per_week is not None
    assert found.caps.number_per_day < found.caps.number_per_week
    assert found.schedule("Asia/Tokyo").zone == "Asia/Tokyo"


def test_every_language_has_its_words() -> None:
    assert set(FIRST_PROJECT) == set(Language)
