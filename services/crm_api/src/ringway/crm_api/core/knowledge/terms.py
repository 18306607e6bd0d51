"""What an article is found by, and what a question asks for.

Words need their stems, which PostgreSQL's own English dictionary knows: a word without a stem in
``stems`` (the, of) is not looked for.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ringway.crm_api.core.knowledge.fold import fold
from ringway.crm_api.core.knowledge.tokens import Kind, Token, tokens

Stems = Mapping[str, str]

MOST_TERMS = 32  # of one question
_MOST_PLACES = 200  # of one term in a text; PostgreSQL keeps 255
_LAST_PLACE = 16_383
_SINGLE = 0.2  # what one character of a longer run counts beside a pair
# How people ask, in any text: it says nothing of what they ask about.
_ASKING = re.compile(
    "请问|想问|如何|怎么样|怎么办|怎么|怎样|什么时候|什么|为何|为什么|哪里|哪儿|哪些|哪个|哪种|多少|多久|"
    "是不是|能不能|可不可以|可以|能否|是否|一下|有没有|需要|应该"
)
_PARTICLES = frozenset("的了吗呢吧呀么着我你您他她们是在有和与或也都就把被给从到对还要会能不")


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that is looked for. ``query`` is a tsquery, ``weight`` what it counts."""

    query: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for, any of it; and how it is recognised in a text."""

    terms: tuple[Term, ...] = ()
    lexemes: frozenset[str] = frozenset()
    prefix: str = ""  # of a word or code that is still being typed, as a lexeme

    @property
    def strong(self) -> tuple[Term, ...]:
        """The terms that say most; all when they are alike."""
        return tuple(term for term in self.terms if term.weight == 1.0) or self.terms

    def asks_for(self, token: Token, stems: Stems) -> bool:
        """Return whether a term of a text is one that is looked for."""
        if lexeme_of(token, stems) in self.lexemes:
            return True
        return bool(self.prefix) and surface_of(token).startswith(self.prefix)


def words(texts: Iterable[str]) -> set[str]:
    """Return the words whose stems are needed."""
    return {token.text for text in texts for token in tokens(text) if token.kind is Kind.WORD}


def lexeme_of(token: Token, stems: Stems) -> str | None:
    """Return what a term is stored as; None: it is not."""
    match token.kind:
        case Kind.EAST:
            return token.text
        case Kind.CODE:
            return f"#{token.text}"
        case Kind.WORD:
            return stems.get(token.text)


def surface_of(token: Token) -> str:
    """Return what the beginning of a word or code is found by."""
    return {Kind.CODE: "#", Kind.WORD: "=", Kind.EAST: ""}[token.kind] + token.text


def vector(fields: Sequence[tuple[str, str]], stems: Stems, *, owner: str) -> str:
    """Return the tsvector of an article.

    Args:
        fields: Texts with their weights: A for the title, then B, then C.
        owner: A term that all articles of one tenant have and no other.
    """
    places: dict[str, list[str]] = defaultdict(list)
    at = 0
    for text, weight in fields:
        for token in tokens(text):
            at = min(at + 1, _LAST_PLACE)
            lexeme = lexeme_of(token, stems)
            found = {lexeme} if token.kind is not Kind.WORD else {lexeme, surface_of(token)}
            for each in found - {None}:
                if each and len(places[each]) < _MOST_PLACES:
                    places[each].append(f"{at}{weight}")
    made = " ".join(f"{_quoted(each)}:{','.join(at)}" for each, at in places.items())
    return f"{_quoted(owner)} {made}".strip()


def question(text: str, stems: Stems, *, is_typing: bool = False) -> Question:
    """Return what ``text`` asks for.

    Args:
        is_typing: Its last word may be the beginning of a longer one.
    """
    found = list(tokens(_ASKING.sub(" ", fold(text))))
    if not found:
        found = list(tokens(text))
    wanted: dict[str, float] = {}
    for token in _telling(found):
        lexeme = lexeme_of(token, stems)
        if lexeme is not None:
            is_part = token.kind is Kind.EAST and len(token.text) == 1 and _is_in_pair(token, found)
            wanted.setdefault(lexeme, _SINGLE if is_part else 1.0)
    strong = {lexeme for lexeme, weight in wanted.items() if weight == 1.0}
    # What counts most stays when there is too much.
    chosen = sorted(wanted.items(), key=lambda each: -each[1])[:MOST_TERMS]
    terms = [Term(_quoted(lexeme), weight) for lexeme, weight in chosen]
    prefix = ""
    if is_typing and found and found[-1].kind is not Kind.EAST and text[-1:].isalnum():
        prefix = surface_of(found[-1])
        terms.append(Term(f"{_quoted(prefix)}:*"))
    return Question(tuple(terms), frozenset(strong), prefix)


def _telling(found: list[Token]) -> list[Token]:
    """Return the terms without pairs that a particle is in, unless there is nothing else."""
    telling = [
        token for token in found if token.kind is not Kind.EAST or not _PARTICLES & {*token.text}
    ]
    return telling or found


def _is_in_pair(token: Token, found: Iterable[Token]) -> bool:
    return any(
        other.kind is Kind.EAST
        and len(other.text) == 2
        and other.start <= token.start < other.end
        and not _PARTICLES & {*other.text}
        for other in found
    )


def any_of(terms: Iterable[Term], *, owner: str) -> str:
    """Return the tsquery for what has any of these terms and is the owner's."""
    joined = " | ".join(term.query for term in terms)
    return f"{_quoted(owner)} & ({joined})"


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
