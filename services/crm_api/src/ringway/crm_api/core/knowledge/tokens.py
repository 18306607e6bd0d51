"""Text in Chinese and English as the terms that it is found by.

PostgreSQL's own parser takes a Chinese sentence for one word. Here, Chinese runs become pairs of
neighbouring characters and single characters, words of letters stay words, and what holds a digit
stays whole (a code, a number) and is found by its parts as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ringway.crm_api.core.knowledge.fold import fold

MOST_CHARS = 64  # of one term: what is longer is cut, in texts and in questions alike
_EAST = (
    "\u3005\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUN = re.compile(rf"(?P<east>[{_EAST}]+)|(?P<west>[^\W_{_EAST}]+(?:[-./'&+][^\W_{_EAST}]+)*)")
_PART = re.compile(r"[0-9]+|[^\W_0-9]+")
_BETWEEN = re.compile(r"[-./'&+]")


class Kind(StrEnum):
    """What a term is of; terms of different kinds are never the same."""

    EAST = "east"  # one or two characters
    WORD = "word"
    CODE = "code"  # it holds a digit


@dataclass(frozen=True, slots=True)
class Token:
    """A term and where it stands. ``text`` is folded; ``run`` numbers what stands together."""

    kind: Kind
    text: str
    start: int
    end: int
    run: int


def tokens(text: str) -> Iterator[Token]:
    """Yield the terms of a text, in the order of their places."""
    folded = fold(text)
    for run, match in enumerate(_RUN.finditer(folded)):
        if match["east"] is not None:
            yield from _pairs(folded, match.start(), match.end(), run)
        else:
            yield from _west(match[0], match.start(), run)


def _pairs(text: str, start: int, end: int, run: int) -> Iterator[Token]:
    for at in range(start, end):
        yield Token(Kind.EAST, text[at], at, at + 1, run)
        if at + 1 < end:
            yield Token(Kind.EAST, text[at : at + 2], at, at + 2, run)


def _west(text: str, start: int, run: int) -> Iterator[Token]:
    joined = _BETWEEN.sub("", text)
    has_digit = any(ch.isdigit() for ch in text)
    parts = list(_PART.finditer(text))
    if has_digit:
        yield Token(Kind.CODE, joined[:MOST_CHARS], start, start + len(text), run)
    elif "'" in text:
        # A customer's, it's: the word before it says what it is about.
        parts = parts[:1]
    elif len(parts) > 1:
        yield Token(Kind.WORD, joined[:MOST_CHARS], start, start + len(text), run)
    if has_digit and len(parts) == 1:
        return
    for part in parts:
        kind = Kind.CODE if part[0].isdigit() else Kind.WORD
        yield Token(kind, part[0][:MOST_CHARS], start + part.start(), start + part.end(), run)
