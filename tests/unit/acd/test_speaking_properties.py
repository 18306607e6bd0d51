"""Numbers that are said can be understood: no two sound the same, and the words add up."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.acd.core.speaking import LARGEST_NUMBER, say_number

pytestmark = pytest.mark.property

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_VALUES = {
    **{f"ringway/zh/{word}": n for n, word in enumerate(_DIGITS)},
    "ringway/zh/both": 2,
    "ringway/zh/ten": 10,
    "ringway/zh/hundred": 100,
    "ringway/zh/thousand": 1000,
    "ringway/zh/ten-thousand": 10**4,
    "ringway/zh/hundred-million": 10**8,
    "digits/hundred": 100,
    "digits/thousand": 1000,
    "digits/million": 10**6,
    "digits/billion": 10**9,
}
_numbers = st.integers(0, LARGEST_NUMBER) | st.integers(0, 9).flatmap(
    lambda digit: st.integers(0, 10).map(lambda zeros: digit * 10**zeros + digit)
)


def value_of(sounds: list[str]) -> int:
    """Add up what was said, as a listener does."""
    total = group = word = 0
    for sound in sounds:
        value = _VALUES[sound] if sound in _VALUES else int(sound.removeprefix("digits/"))
        if (value in (10, 100, 1000) and sound.startswith("ringway")) or sound == "digits/hundred":
            group, word = group + (word or 1) * value, 0
        elif value >= 1000:
            if value == 10**8:
                total = (total + group + word) * value
            else:
                total += (group + word) * value
            group = word = 0
        else:
            word += value
    return total + group + word


@given(_numbers, st.booleans())
def test_what_is_said_is_the_number(n: int, counting: bool) -> None:
    assert value_of(say_number(n, "zh", counting=counting)) == n
    assert value_of(say_number(n, "en")) == n


@given(_numbers)
def test_chinese_says_no_zero_twice_in_a_row_nor_at_the_end(n: int) -> None:
    words = [sound.rpartition("/")[2] for sound in say_number(n, "zh")]
    assert n == 0 or words[-1] != "zero"
    assert ("zero", "zero") not in list(pairwise(words))
