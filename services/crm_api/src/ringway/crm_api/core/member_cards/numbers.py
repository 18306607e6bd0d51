"""Card numbers with a check digit, and PINs that nobody guesses first."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise


class CardNumberCheck(StrEnum):
    """How the last digit of a card number follows from the others."""

    LUHN = "luhn"  # ISO/IEC 7812, as payment cards have it
    MOD11_10 = "mod11_10"  # ISO/IEC 7064: notices every wrong digit and swap of neighbours
    NONE = "none"


def check_digit(digits: str, check: CardNumberCheck) -> str:
    """Return the check digit of ``digits``; empty when there is none.

    Raises:
        ValueError: They are no digits.
    """
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError("no digits")
    match check:
        case CardNumberCheck.LUHN:
            total = 0
            for n, digit in enumerate(reversed(digits)):
                value = int(digit) * (2 if n % 2 == 0 else 1)
                total += value - 9 if value > 9 else value
            return str(-total % 10)
        case CardNumberCheck.MOD11_10:
            product = 10
            for digit in digits:
                product = ((product + int(digit)) % 10 or 10) * 2 % 11
            return str((11 - product) % 10)
        case CardNumberCheck.NONE:
            return ""


def is_valid(number: str, check: CardNumberCheck) -> bool:
    """Return whether a card number's check digit is right."""
    if not (number.isascii() and number.isdigit()):
        return False
    return check is CardNumberCheck.NONE or (
        len(number) > 1 and check_digit(number[:-1], check) == number[-1]
    )


def made_number(prefix: str, serial: int, length: int, check: CardNumberCheck) -> str | None:
    """Return the card number of ``length`` digits with this serial, or None when it is too long."""
    room = length - len(prefix) - (0 if check is CardNumberCheck.NONE else 1)
    digits = f"{serial:0{max(room, 0)}}"
    if room < 1 or len(digits) > room:
        return None
    return prefix + digits + check_digit(prefix + digits, check)


def is_guessed_first(pin: str) -> bool:
    """Return whether a PIN is one that guessers try first: 1111, 1234, 9876, 1212, a year."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    half = len(pin) // 2
    is_repeated = len(pin) % 2 == 0 and pin[:half] == pin[half:]
    is_year = len(pin) == 4 and pin[:2] in ("19", "20")
    return steps <= {0} or steps == {1} or steps == {9} or is_repeated or is_year
