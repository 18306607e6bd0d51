"""What requests cannot do is said in words for people."""

from __future__ import annotations

import inspect
from types import ModuleType

import pytest

from ringway.dialer import callback_store, consent_store, disposition_store, dnc_store
from ringway.dialer.changing import REFUSALS
from ringway.dialer.requests import _exhausted

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("store", [callback_store, consent_store, disposition_store, dnc_store])
def test_every_refusal_of_a_store_has_words(store: ModuleType) -> None:
    own = {
        kind
        for _, kind in inspect.getmembers(store, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ == store.__name__
    }
    assert own <= set(REFUSALS)


def test_codes_are_told_apart() -> None:
    codes = [code for code, _ in REFUSALS.values()]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("why", "told"),
    [
        ([], "Its lists are empty; add leads, then start it."),
        (
            [("reached", 80), ("exhausted", 30), ("attempts", 5)],
            (
                "None of its 115 leads is left to dial: 80 reached, 35 without attempts left."
                " Add leads or open them again (recycling) or raise max_attempts, then start it."
            ),
        ),
        (
            [("dnc", 2)],
            "None of its 2 leads is left to dial: 2 not to be called. Add leads, then start it.",
        ),
    ],
)
def test_a_campaign_without_leads_is_told_why_and_what_to_do(
    why: list[tuple[str, int]], told: str
) -> None:
    assert _exhausted(why) == told
