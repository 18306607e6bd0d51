"""Who reads and who writes which categories.

A category with rules of its own lets only those in whom they name; one without is as its parent.
Reading also needs every category above: nobody reads below what he cannot see. Writing is decided
by the nearest rules alone, and needs reading. Without any rules everybody reads and writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Access(StrEnum):
    """What a rule gives; who writes also reads."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Rule:
    """Whom a category lets in: a role or a team with all below it."""

    grantee: str
    access: Access


@dataclass(frozen=True, slots=True)
class Node:
    """A category as far as rights need it."""

    parent: str | None
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """The categories that somebody reads, and those among them that he writes."""

    readable: frozenset[str]
    writable: frozenset[str]


def reach(nodes: Mapping[str, Node], grants: Iterable[str]) -> Reach:
    """Return what somebody reaches who is all of ``grants`` (roles and teams).

    Categories in a ring, or below one that is not there, are reached by nobody.
    """
    own = frozenset(grants)
    known: dict[str, tuple[bool, bool]] = {}
    for each in nodes:
        _decide(each, nodes, own, known)
    return Reach(
        frozenset(each for each, (reads, _) in known.items() if reads),
        frozenset(each for each, (reads, writes) in known.items() if reads and writes),
    )


def _decide(
    start: str,
    nodes: Mapping[str, Node],
    own: frozenset[str],
    known: dict[str, tuple[bool, bool]],
) -> None:
    path: list[str] = []
    at: str | None = start
    while at is not None and at not in known:
        if at in path or at not in nodes:
            known.update(dict.fromkeys(path, (False, False)))
            return
        path.append(at)
        at = nodes[at].parent
    reads, writes = known[at] if at is not None else (True, True)
    for each in reversed(path):
        rules = nodes[each].rules
        if rules:
            given = {rule.access for rule in rules if rule.grantee in own}
            reads, writes = reads and bool(given), Access.WRITE in given
        known[each] = (reads, writes)
