"""The part of a text that shows why it was found, as pieces: nothing in them is markup."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from ringway.crm_api.core.knowledge.terms import Question, Stems
from ringway.crm_api.core.knowledge.tokens import Kind, tokens

_MOST_SPANS = 300
_REACH = 24  # characters: how far a cut moves so as not to go through a word
_LINK = re.compile(r"!?\[([^\[\]\n]{0,500})\]\([^()\n]{0,1000}\)")
_LINE_MARKS = re.compile(r"^[ \t]{0,12}(?:#{1,6}|>|[-*+]|[0-9]{1,9}[.)])[ \t]+", re.MULTILINE)
_MARKS = re.compile(r"[*_`~|]{1,3}")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a snippet; ``is_match``: it was asked for."""

    text: str
    is_match: bool


def plain(markdown: str) -> str:
    """Return a text without the marks of Markdown, in one line."""
    text = _LINE_MARKS.sub("", _LINK.sub(r"\1", markdown))
    return _SPACE.sub(" ", _MARKS.sub("", text)).strip()


def candidates(text: str, question: Question) -> set[str]:
    """Return the words of a text whose stems decide whether they were asked for."""
    begins = {lexeme[:2] for lexeme in question.lexemes}
    return {
        token.text for token in tokens(text) if token.kind is Kind.WORD and token.text[:2] in begins
    }


def spans(text: str, question: Question, stems: Stems) -> list[tuple[int, int]]:
    """Return where in a text something stands that was asked for; they do not overlap."""
    merged: list[tuple[int, int]] = []
    for token in tokens(text):
        if not question.asks_for(token, stems):
            continue
        if merged and token.start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], token.end))
        elif len(merged) < _MOST_SPANS:
            merged.append((token.start, token.end))
    return merged


def marked(text: str, question: Question, stems: Stems) -> list[Piece]:
    """Return the whole text in pieces."""
    return _pieces(text, spans(text, question, stems), 0, len(text))


def snippet(text: str, question: Question, stems: Stems, *, most_chars: int = 160) -> list[Piece]:
    """Return the part of a text in which most was asked for.

    A part begins and ends between words and whole characters; ``…`` stands where the text goes on.
    """
    found = spans(text, question, stems)
    begin, end = _window(text, found, most_chars)
    pieces = _pieces(text, found, begin, end)
    if begin > 0:
        pieces.insert(0, Piece("…", is_match=False))
    if end < len(text):
        pieces.append(Piece("…", is_match=False))
    return pieces


def _window(text: str, found: Sequence[tuple[int, int]], most_chars: int) -> tuple[int, int]:
    if len(text) <= most_chars:
        return 0, len(text)
    lead = most_chars // 4  # of what stands before the first match
    best, most = 0, -1
    for first, (start, _) in enumerate(found):
        room = start + most_chars - lead
        inside = {text[a:b] for a, b in found[first:] if b <= room}
        size = sum(map(len, inside))
        if size > most:
            best, most = start, size
    begin = max(0, min(best - lead, len(text) - most_chars))
    end = min(len(text), begin + most_chars)
    # A match that is longer than the room is cut all the same.
    begin = _between(text, begin, step=1, limit=max(begin, min(best, begin + _REACH)))
    end = _between(text, end, step=-1, limit=max(end - _REACH, begin))
    return begin, end


def _between(text: str, at: int, *, step: int, limit: int) -> int:
    """Return the nearest place, not beyond ``limit``, at which the text may be cut."""
    place = at
    while place != limit and not _may_cut(text, place):
        place += step
    if _may_cut(text, place):
        return place
    # The word is too long: at least no character is torn apart.
    while 0 < at < len(text) and unicodedata.combining(text[at]):
        at += step
    return at


def _may_cut(text: str, at: int) -> bool:
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if unicodedata.combining(after) or after in "\u200d\ufe0f" or before == "\u200d":
        return False
    return not (_is_of_word(before) and _is_of_word(after))


def _is_of_word(ch: str) -> bool:
    return ch.isalnum() and ord(ch) < 0x3000


def _pieces(text: str, found: Sequence[tuple[int, int]], begin: int, end: int) -> list[Piece]:
    pieces: list[Piece] = []
    at = begin
    for start, stop in found:
        start, stop = max(start, begin), min(stop, end)
        if start >= stop:
            continue
        if start > at:
            pieces.append(Piece(text[at:start], is_match=False))
        pieces.append(Piece(text[start:stop], is_match=True))
        at = stop
    if at < end:
        pieces.append(Piece(text[at:end], is_match=False))
    return pieces
