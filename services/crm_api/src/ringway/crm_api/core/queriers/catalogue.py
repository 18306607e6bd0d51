"""What can be asked: sources with typed fields, and how their rows refer to each other.

A catalogue is made for one caller: what he may not see is not in it. All SQL that a query ever
becomes is made of these texts and the compiler's own; nothing of them comes from a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

# Stands in a fragment where the alias of its table comes.
ALIAS = "{t}"


class FieldKind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    MONEY = "money"  # whole minor units
    BOOLEAN = "boolean"
    TIME = "time"  # a moment
    DATE = "date"  # a day without a zone
    ID = "id"
    LIST = "list"  # of texts


NUMERIC = frozenset({FieldKind.INTEGER, FieldKind.NUMBER, FieldKind.MONEY})
ORDERED = NUMERIC | {FieldKind.TIME, FieldKind.DATE, FieldKind.TEXT}


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of SQL over one table.

    Args:
        sql: ``{t}`` is the table's alias, ``{0}``, ``{1}`` … are the values as parameters.
    """

    sql: str
    values: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """An indexed column that holds a field's value, so that rows are found and ordered by it.

    Texts, days, moments (UTC, with milliseconds) and ids are text in the order of code points and
    cut; numbers are float8, booleans 0 and 1. What is empty is ``''`` or -Infinity, never null.

    Args:
        only: On which rows the column is this field's; empty: on all.
        characters: Of a text that are in it.
    """

    sql: str
    is_number: bool
    characters: int
    only: str = ""

    @property
    def empty(self) -> str:
        """What the column holds where the field has no value."""
        return "'-Infinity'::float8" if self.is_number else "''"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a source.

    Args:
        name: What queries call it.
        sql: An expression of the type of ``kind`` (TEXT text, INTEGER and MONEY bigint or integer,
            NUMBER double precision or numeric, TIME timestamptz, DATE date, ID uuid, LIST text[]).
        options: The values that it can have, where they are few.
        order: What rows are ordered by, null for no value; empty: ``sql``.
        key: The column in which an index finds it, if there is one.
    """

    name: str
    kind: FieldKind
    label_en: str
    sql: str
    label_zh: str = ""
    options: tuple[str, ...] = ()
    order: str = ""
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """How a row refers to one row of another source.

    Args:
        on: A condition; ``{t}`` is the row that refers, ``{r}`` the one that is referred to.
        is_key: Whether at most one row can fulfil it. Otherwise the first by its key is taken.
        back: The same condition for finding the rows that refer, where indexes need other words.
    """

    name: str
    source: str
    label_en: str
    on: str
    label_zh: str = ""
    is_key: bool = True
    back: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of rows that can be asked for.

    Args:
        table: A table or view; its rows have ``tenant_id``.
        key: The name of the field by which a row is known; the order of last resort.
        scope: Which rows of the tenant the caller may see; None: all.
        search: Names of the text fields in which a word is looked for, of all sources at once.
        title: Names of the fields that tell a human which row it is.
        newest: The name of the field by which the newest rows come first.
    """

    name: str
    label_en: str
    table: str
    key: str
    fields: Mapping[str, Field]
    label_zh: str = ""
    references: Mapping[str, Reference] = field(default_factory=dict)
    scope: Fragment | None = None
    search: tuple[str, ...] = ()
    title: tuple[str, ...] = ()
    newest: str | None = None


Catalogue = Mapping[str, Source]


def fields_of(*fields: Field) -> dict[str, Field]:
    """Return fields by their names."""
    return {each.name: each for each in fields}


def references_of(*references: Reference) -> dict[str, Reference]:
    """Return references by their names."""
    return {each.name: each for each in references}
