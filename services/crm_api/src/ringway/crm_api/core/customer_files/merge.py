"""What two records of one party come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OWN = "data."
_NOTHING: tuple[Any, ...] = ("", None, {}, "unknown")


@dataclass(slots=True)
class Side:
    """One of the two. ``plain``: fields of which one value holds; the others are joined."""

    plain: dict[str, Any]
    data: Mapping[str, Any]
    phones: tuple[str, ...]
    emails: tuple[str, ...]
    tags: tuple[str, ...]
    contacts: tuple[Any, ...]


def merged(survivor: Side, other: Side, take: frozenset[str]) -> Side:
    """Return what the survivor is afterwards.

    Of a field that both have the survivor's value holds, unless ``take`` names the field
    (``name``, ``data.card``); what he lacks he gets. Lists are joined, his own first; nothing in
    them is lost or doubled.
    """
    plain = {
        name: theirs if (name in take and theirs not in _NOTHING) or mine in _NOTHING else mine
        for name, mine, theirs in ((n, v, other.plain[n]) for n, v in survivor.plain.items())
    }
    data = {**other.data, **survivor.data}
    data |= {key: value for key, value in other.data.items() if f"{OWN}{key}" in take}
    return Side(
        plain=plain,
        data=data,
        phones=tuple(dict.fromkeys([*survivor.phones, *other.phones])),
        emails=tuple(dict.fromkeys([*survivor.emails, *other.emails])),
        tags=tuple(dict.fromkeys([*survivor.tags, *other.tags])),
        contacts=_joined(survivor.contacts, other.contacts),
    )


def _joined(mine: tuple[Any, ...], theirs: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*mine, *(each for each in theirs if each not in mine))
