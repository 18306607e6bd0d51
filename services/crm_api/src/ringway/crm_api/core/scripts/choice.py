"""Which script is for a call: the one that says most exactly what it is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from ringway.crm_api.core.scripts.definition import Binding, BindingKind

_WEIGHTS = {kind: 2**n for n, kind in enumerate(reversed(BindingKind))}


class Bound(Protocol):
    """Something that is for certain calls."""

    @property
    def bindings(self) -> Sequence[Binding]:
        """What it is for. Of one kind any will do, of each kind one must."""


T = TypeVar("T", bound=Bound)


def fit(bindings: Sequence[Binding], call: Mapping[BindingKind, str]) -> int | None:
    """Return how exactly something is for a call; None: it is not. For all calls: 0."""
    score = 0
    for kind in {binding.kind for binding in bindings}:
        values = {binding.value.casefold() for binding in bindings if binding.kind is kind}
        if call.get(kind, "").casefold() not in values:
            return None
        score += _WEIGHTS[kind]
    return score


def fitting(scripts: Sequence[T], call: Mapping[BindingKind, str]) -> list[T]:
    """Return the scripts that are for a call, the most exact first, else in their order."""
    scored = [(score, each) for each in scripts if (score := fit(each.bindings, call)) is not None]
    return [each for _, each in sorted(scored, key=lambda pair: -pair[0])]
