"""Texts put together by what they speak of: frequent and typical problems (R216).

No model and no dictionary: words of alphabets, pairs of Chinese characters, weighed by how rare
they are among the texts. A text joins the group that is most like it, if one is like it enough.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

MAX_TEXTS = 2_000
_MAX_CHARACTERS = 1_000  # of one text that are read
_LIKE = 0.3  # cosine from which on two texts speak of the same
_WORDS = 5  # that name a group
_WORD = re.compile(r"[^\W\d_]{2,}|\d{3,}")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_COMMON_RATE = 0.6  # what stands in more of the texts says nothing, once there are some


@dataclass(frozen=True, slots=True)
class Problem:
    """Texts that speak of the same, by their positions. ``members[0]`` is the typical one."""

    words: tuple[str, ...]
    members: tuple[int, ...]


@dataclass(slots=True)
class _Group:
    total: Counter[str] = field(default_factory=Counter)
    members: list[int] = field(default_factory=list)


def terms(text: str) -> list[str]:
    """Return what a text speaks of: lower-case words, and pairs of Chinese characters."""
    text = text[:_MAX_CHARACTERS].lower()
    found: list[str] = []
    for run in _HAN.findall(text):
        found += [run] if len(run) == 1 else [run[n : n + 2] for n in range(len(run) - 1)]
    return found + _WORD.findall(_HAN.sub(" ", text))


def problems(texts: Sequence[str]) -> list[Problem]:
    """Return groups of texts, the largest first; every text with a word is in one of them.

    The order of the texts decides ties only; the same texts give the same groups.
    """
    texts = texts[:MAX_TEXTS]
    vectors = _vectors([Counter(terms(text)) for text in texts])
    groups: list[_Group] = []
    by_term: dict[str, set[int]] = {}
    # The longest texts found groups: they have the most to be like.
    for n in sorted(range(len(texts)), key=lambda n: (-len(vectors[n]), n)):
        vector = vectors[n]
        if not vector:
            continue
        near = sorted({g for term in vector for g in by_term.get(term, ())})
        scored = [(_cosine(vector, groups[g].total), -g) for g in near]
        best, number = max(scored, default=(0.0, 0))
        if best < _LIKE:
            number = -len(groups)
            groups.append(_Group())
        group = groups[-number]
        group.members.append(n)
        group.total.update(vector)
        for term in vector:
            by_term.setdefault(term, set()).add(-number)
    made = [_problem(group, vectors) for group in groups]
    return sorted(made, key=lambda each: (-len(each.members), each.members))


def _vectors(counts: list[Counter[str]]) -> list[dict[str, float]]:
    spread: Counter[str] = Counter()
    for each in counts:
        spread.update(each.keys())
    size = len(counts)
    most = max(10, _COMMON_RATE * size)
    weights = {term: math.log(1 + size / texts) for term, texts in spread.items() if texts <= most}
    found = []
    for each in counts:
        vector = {t: (1 + math.log(n)) * weights[t] for t, n in each.items() if t in weights}
        length = math.sqrt(math.fsum(v * v for v in vector.values()))
        found.append({t: v / length for t, v in sorted(vector.items())} if length else {})
    return found


def _cosine(vector: dict[str, float], total: Counter[str]) -> float:
    length = math.sqrt(math.fsum(v * v for v in total.values()))
    return math.fsum(value * total.get(term, 0.0) for term, value in vector.items()) / length


def _problem(group: _Group, vectors: list[dict[str, float]]) -> Problem:
    ranked = sorted(group.total.items(), key=lambda item: (-item[1], item[0]))
    members = sorted(group.members, key=lambda n: (-_cosine(vectors[n], group.total), n))
    return Problem(tuple(term for term, _ in ranked[:_WORDS]), tuple(members))
