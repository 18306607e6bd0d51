"""Patterns that enterprises give, matched in linear time.

They run on the engine that pydantic brings: an automaton without backtracking, so no pattern
and no text make it slow. It knows no look-around and no back-references. What remains is the
size of the automaton, which repetition counts multiply: these are bounded here.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pydantic import ValidationError
from pydantic_core import SchemaError, SchemaValidator, core_schema

MAX_PATTERN = 200  # characters
MAX_REPEATS = 200  # all upper counts of one pattern, multiplied
_COUNT = re.compile(r"\{([0-9]{1,9})?(,)?([0-9]{1,9})?\}", re.ASCII)


class BadPattern(ValueError):
    """A pattern that is not understood, or too large."""


def check_pattern(pattern: str) -> None:
    """Raise BadPattern when ``pattern`` cannot be used."""
    if len(pattern) > MAX_PATTERN:
        raise BadPattern(f"A pattern has at most {MAX_PATTERN} characters.")
    total = 1
    for least, comma, most in _COUNT.findall(pattern):
        total *= max(1, int(most or least or (0 if comma else 1)))
    if total > MAX_REPEATS:
        raise BadPattern(f"The pattern's counts, multiplied, are more than {MAX_REPEATS}.")
    try:
        _compiled(pattern)
    except SchemaError as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise BadPattern(
            f"The pattern is not understood ({reason}). Look-around and back-references are not"
            " known."
        ) from None


def matches(pattern: str, text: str) -> bool:
    """Return whether the whole of ``text`` fits ``pattern``. Time grows linearly with both."""
    try:
        _compiled(pattern).validate_python(text)
    except ValidationError:
        return False
    return True


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> SchemaValidator:
    # Alone first: "a)|(b" must not become a pattern by what is put around it.
    SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    whole = rf"\A(?:{pattern})\z"
    return SchemaValidator(core_schema.str_schema(pattern=whole, regex_engine="rust-regex"))
