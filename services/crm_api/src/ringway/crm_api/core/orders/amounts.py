"""Whole amounts of money, in minor units: rounding, and parts that add up to the whole."""

from __future__ import annotations

from collections.abc import Sequence

# Sums of 500 lines of this stay below what PostgreSQL's bigint and a client's double hold.
MAX_AMOUNT = 10**12
BASIS_POINTS = 10_000  # 1 % is 100


def rounded(numerator: int, denominator: int) -> int:
    """Return ``numerator / denominator`` in whole units, halves up.

    Raises:
        ValueError: The numerator is negative, or the denominator is not positive.
    """
    if numerator < 0 or denominator <= 0:
        raise ValueError(f"{numerator} / {denominator}")
    return (2 * numerator + denominator) // (2 * denominator)


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """Return parts of ``amount``, in proportion to ``weights``, that add up to it exactly.

    No part is larger than its weight as long as the amount is not larger than their sum. What
    rounding leaves goes to the largest remainders, the earlier one of equal ones first.

    Raises:
        ValueError: Something is negative, or there is an amount and no weight.
    """
    total = sum(weights)
    if amount < 0 or any(weight < 0 for weight in weights) or (amount and not total):
        raise ValueError(f"{amount} over {weights}")
    if not amount:
        return [0] * len(weights)
    parts = [amount * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda n: (-(amount * weights[n] % total), n))
    for n in by_remainder[: amount - sum(parts)]:
        parts[n] += 1
    return parts
