"""Prices with validity: which one holds at a moment, and lists that contradict themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Price:
    """An amount in minor units from ``valid_from`` on, until just before ``valid_until``."""

    currency: str
    amount: int
    valid_from: datetime
    valid_until: datetime | None = None


def price_at(prices: Sequence[Price], currency: str, at: datetime) -> Price | None:
    """Return the price in ``currency`` that holds ``at`` a moment, or None."""
    holding = [
        each
        for each in prices
        if each.currency == currency
        and each.valid_from <= at
        and (each.valid_until is None or at < each.valid_until)
    ]
    return max(holding, key=lambda each: each.valid_from, default=None)


def contradiction(prices: Sequence[Price]) -> str | None:
    """Return what is wrong with a list of prices, or None: two never hold at one moment."""
    for each in prices:
        if each.valid_until is not None and each.valid_until <= each.valid_from:
            return f"{each.currency}: a price ends before it begins"
    ordered = sorted(prices, key=lambda each: (each.currency, each.valid_from))
    for one, next_one in pairwise(ordered):
        if one.currency != next_one.currency:
            continue
        if one.valid_until is None or next_one.valid_from < one.valid_until:
            return f"{one.currency}: two prices hold at {next_one.valid_from.isoformat()}"
    return None
