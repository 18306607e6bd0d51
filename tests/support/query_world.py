"""A small world of rows, asked by queries in PostgreSQL and by the plainest evaluator in Python.

Values are few, so that comparisons hold as often as not; texts that are sorted have no letters on
which collations differ; numbers have few binary digits, so that sums are exact in every order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from operator import itemgetter
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from ringway.crm_api.core.queriers.catalogue import (
    Catalogue,
    Field,
    FieldKind,
    Fragment,
    Key,
    Reference,
    Source,
    fields_of,
    references_of,
)
from ringway.crm_api.core.queriers.moments import days, period
from ringway.crm_api.core.queriers.query import (
    Aggregate,
    AllOf,
    AnyOf,
    Asked,
    By,
    Condition,
    Filter,
    Function,
    Me,
    Not,
    Op,
    Period,
    Query,
    Related,
    Relative,
)

NOW = datetime(2026, 3, 29, 10, 30, tzinfo=UTC)  # clocks in Europe have just changed
TENANTS = (UUID(int=1), UUID(int=2))
ME = UUID(int=1003)
ASKED = Asked(tenant_id=TENANTS[0], user_id=ME, now=NOW, zone="Europe/Bucharest")
DDL = """
    CREATE TABLE person (tenant_id uuid, id uuid, name text, age bigint, score float8,
        is_vip boolean, seen timestamptz, born date, tags text[], boss uuid, is_hidden boolean,
        name_key text COLLATE "C", score_key float8, is_vip_key float8, seen_key text COLLATE "C",
        born_key text COLLATE "C", boss_key text COLLATE "C");
    CREATE TABLE deal (tenant_id uuid, id uuid, person uuid, amount bigint, note text);
"""
# As the trigger of the service fills key columns, but for texts, which are cut shorter.
FILL_KEYS = """
    UPDATE person SET name_key = left(coalesce(name, ''), 1),
        score_key = coalesce(score, '-Infinity'),
        is_vip_key = coalesce(is_vip::integer, '-Infinity'::float8),
        seen_key = coalesce(to_char(date_trunc('milliseconds', seen) AT TIME ZONE 'UTC',
                                    'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), ''),
        born_key = coalesce(to_char(born, 'YYYY-MM-DD'), ''),
        boss_key = coalesce(boss::text, '')
"""
_K = FieldKind
_PERSON = {
    "id": _K.ID, "name": _K.TEXT, "age": _K.INTEGER, "score": _K.NUMBER, "is_vip": _K.BOOLEAN,
    "seen": _K.TIME, "born": _K.DATE, "tags": _K.LIST, "boss": _K.ID,
}  # fmt: skip
KEYED = frozenset({"name", "score", "is_vip", "seen", "born", "boss"})
_DEAL = {"id": _K.ID, "amount": _K.MONEY, "note": _K.TEXT}
# The first letter orders them: what is cut behind it orders nothing.
NAMES = ("", "ann", "bob", "cat")
NOTES = ("", "50% Off", "a_b", "ANN's", "好的", "\\x")


def _fields(kinds: dict[str, FieldKind]) -> dict[str, Field]:
    return fields_of(*(_field(name, kind) for name, kind in kinds.items()))


def _field(name: str, kind: FieldKind) -> Field:
    sql = f"{{t}}.{name}"
    if name not in KEYED:
        return Field(name, kind, name, sql)
    key = Key(f"{sql}_key", kind in (_K.NUMBER, _K.BOOLEAN), 200 if kind is not _K.TEXT else 1)
    return Field(name, kind, name, sql, order=f"nullif({key.sql}, {key.empty})", key=key)


# Hidden people do not exist for the caller, wherever a path leads.
CATALOGUE: Catalogue = {
    "persons": Source(
        name="persons",
        label_en="People",
        table="person",
        key="id",
        fields=_fields(_PERSON),
        references=references_of(Reference("boss", "persons", "Boss", "{r}.id = {t}.boss")),
        scope=Fragment("{t}.is_hidden = {0}::boolean", (False,)),
    ),
    "deals": Source(
        name="deals",
        label_en="Deals",
        table="deal",
        key="id",
        fields=_fields(_DEAL),
        references=references_of(
            Reference("person", "persons", "Person", "{r}.id = {t}.person"),
            Reference("namesake", "persons", "Namesake", "{r}.name = {t}.note", is_key=False),
        ),
    ),
}
PATHS = {
    "persons": {
        **_PERSON,
        **{f"boss.{name}": kind for name, kind in _PERSON.items()},
        "boss.boss.age": _K.INTEGER,
    },
    "deals": {
        **_DEAL,
        **{f"person.{name}": kind for name, kind in _PERSON.items()},
        "person.boss.name": _K.TEXT,
        "namesake.age": _K.INTEGER,
    },
}
BACK = {"persons": (("persons", "boss"), ("deals", "person"))}
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """Rows by source."""

    persons: tuple[Row, ...]
    deals: tuple[Row, ...]

    def of(self, source: str) -> Sequence[Row]:
        """Return the rows that the caller may see, in the order of their keys."""
        rows = self.persons if source == "persons" else self.deals
        seen = [r for r in rows if r["tenant_id"] == ASKED.tenant_id and not r.get("is_hidden")]
        return sorted(seen, key=lambda row: row["id"].int)


def make_world(seed: int) -> World:
    """Return two tenants' rows with the same ids."""
    rng = Random(seed)

    def maybe(make: Callable[[], Any]) -> Any:
        return make() if rng.random() < 0.8 else None

    persons, deals = [], []
    for tenant in TENANTS:
        for n in range(24):
            person = {
                "tenant_id": tenant,
                "id": UUID(int=1000 + n),
                "name": maybe(lambda: rng.choice(NAMES)),
                "age": maybe(lambda: rng.randint(-2, 4)),
                "score": maybe(lambda: rng.randint(-4, 8) / 2),
                "is_vip": maybe(lambda: rng.random() < 0.5),
                "seen": maybe(lambda: NOW - timedelta(hours=rng.randint(-30, 24 * 40))),
                "born": maybe(lambda: NOW.date() - timedelta(days=rng.randint(-3, 40))),
                "tags": maybe(lambda: rng.sample(["a", "b", "c"], rng.randint(0, 3))),
                "boss": maybe(lambda: UUID(int=1000 + rng.randint(0, 30))),
                "is_hidden": rng.random() < 0.2,
            }
            persons.append(person)
        deals += [
            {
                "tenant_id": tenant,
                "id": UUID(int=2000 + n),
                "person": maybe(lambda: UUID(int=1000 + rng.randint(0, 24))),
                "amount": maybe(lambda: rng.randint(-3, 5) * 100),
                "note": maybe(lambda: rng.choice(NOTES + NAMES)),
            }
            for n in range(40)
        ]
    return World(tuple(persons), tuple(deals))


def value_of(world: World, source: str, row: Row | None, path: str) -> Any:
    """Follow a path from a row; where it leads nowhere there is no value."""
    head, _, rest = path.partition(".")
    if row is None:
        return None
    if not rest:
        return row[head]
    if head == "namesake":
        same = [p for p in world.of("persons") if p["name"] == row["note"] is not None]
        return value_of(world, "persons", same[0] if same else None, rest)
    to = [each for each in world.of("persons") if each["id"] == row[head]]
    return value_of(world, "persons", to[0] if to else None, rest)


def holds(world: World, source: str, row: Row, part: Filter) -> bool:
    """Whether a filter holds for a row: two values, no third."""
    match part:
        case AllOf(all=parts):
            return all(holds(world, source, row, each) for each in parts)
        case AnyOf(any=parts):
            return any(holds(world, source, row, each) for each in parts)
        case Not(negated=one):
            return not holds(world, source, row, one)
        case Related(related=other, by=by, where=where, at_least=least):
            found = [
                each
                for each in world.of(other)
                if each[by] == row["id"] and (where is None or holds(world, other, each, where))
            ]
            return len(found) >= least
        case Condition():
            kind = PATHS[source][part.field]
            return compares(value_of(world, source, row, part.field), kind, part)


def compares(value: Any, kind: FieldKind, part: Condition) -> bool:
    """Whether one value fulfils one condition."""
    empty = value is None or (value in ("", []) and kind in (_K.TEXT, _K.LIST))
    if part.op in (Op.IS_EMPTY, Op.IS_NOT_EMPTY):
        return empty == (part.op is Op.IS_EMPTY)
    if part.op is Op.WITHIN:
        begin, end = _span(kind, part)
        return value is not None and (begin is None or value >= begin) and (
            end is None or value < end
        )  # fmt: skip
    given = [_given(each, kind) for each in _listed(part.value)]
    if part.op in (Op.NE, Op.NOT_IN):
        return value not in given
    if part.op is Op.HAS_NONE:
        return value is None or not set(value) & set(given)
    if value is None:
        return False
    match part.op:
        case Op.EQ | Op.IN:
            return value in given
        case Op.LT:
            return bool(value < given[0])
        case Op.LE:
            return bool(value <= given[0])
        case Op.GT:
            return bool(value > given[0])
        case Op.GE:
            return bool(value >= given[0])
        case Op.BETWEEN:
            return bool(given[0] <= value <= given[1])
        case Op.CONTAINS:
            return given[0].lower() in value.lower()
        case Op.STARTS_WITH:
            return bool(value.lower().startswith(given[0].lower()))
        case Op.HAS_ANY:
            return bool(set(value) & set(given))
        case _:
            return set(given) <= set(value)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, tuple) else [value]


def _given(value: Any, kind: FieldKind) -> Any:
    if isinstance(value, Me):
        return ME
    makers: dict[FieldKind, Callable[[Any], Any]] = {
        _K.ID: UUID, _K.TIME: datetime.fromisoformat, _K.DATE: date.fromisoformat,
    }  # fmt: skip
    return makers.get(kind, lambda same: same)(value)


def _span(kind: FieldKind, part: Condition) -> tuple[Any, Any]:
    if isinstance(part.value, Relative):
        if kind is _K.TIME:
            return period(part.value, NOW, ASKED.zone)
        found = days(part.value, NOW, ASKED.zone)
        assert found is not None
        return found
    assert isinstance(part.value, Period)
    begin, end = part.value.begin, part.value.end
    if kind is _K.DATE:
        return begin and begin.date(), end and end.date()
    return begin, end


def answer(world: World, query: Query, *, limit: int, offset: int) -> list[list[Any]]:
    """Return the rows that ``query`` finds."""
    source = query.source
    rows = [
        row
        for row in world.of(source)
        if query.where is None or holds(world, source, row, query.where)
    ]
    if not query.is_grouped:
        if query.sort and query.sort[-1].descending:
            rows.reverse()
        for sort in reversed(query.sort):
            rows = _sorted(rows, partial(_at, world, source, sort.by), is_down=sort.descending)
        found = [
            [value_of(world, source, row, each.field) for each in query.columns] for row in rows
        ]
        return found[offset : offset + limit]
    groups: dict[tuple[Any, ...], list[Row]] = {} if query.groups else {(): []}
    for row in rows:
        key = tuple(
            _part(value_of(world, source, row, each.field), each.by) for each in query.groups
        )
        groups.setdefault(key, []).append(row)
    made = [
        [*key, *(_figure(world, source, some, rows, each) for each in query.aggregates)]
        for key, some in groups.items()
    ]
    names = query.names()
    for having in query.having:
        n = names.index(having.aggregate)
        like = Condition(field="x", op=having.op, value=having.value)
        made = [r for r in made if r[n] is not None and compares(r[n], _K.NUMBER, like)]
    for n in reversed(range(len(query.groups))):
        made = _sorted(made, itemgetter(n))
    for sort in reversed(query.sort):
        made = _sorted(made, itemgetter(names.index(sort.by)), is_down=sort.descending)
    return made[offset : offset + limit]


def _at(world: World, source: str, path: str, row: Row) -> Any:
    value = value_of(world, source, row, path)
    # An empty text of a field with a key column is nothing in an order.
    return None if value == "" and path.rpartition(".")[2] in KEYED else value


def _sorted(rows: list[Any], key: Callable[[Any], Any], *, is_down: bool = False) -> list[Any]:
    some = [row for row in rows if key(row) is not None]
    none = [row for row in rows if key(row) is None]
    return sorted(some, key=key, reverse=is_down) + none


def _part(value: Any, by: By | None) -> Any:
    if by is None or value is None:
        return value
    at = value.astimezone(ZoneInfo(ASKED.zone)) if isinstance(value, datetime) else value
    week = at.isocalendar()
    return {
        By.HOUR: at.strftime("%Y-%m-%dT%H:00"),
        By.DAY: at.strftime("%Y-%m-%d"),
        By.WEEK: f"{week.year}-W{week.week:02}",
        By.MONTH: at.strftime("%Y-%m"),
        By.YEAR: at.strftime("%Y"),
        By.HOUR_OF_DAY: at.strftime("%H"),
        By.DAY_OF_WEEK: str(at.isoweekday()),
    }[by]


def _figure(
    world: World, source: str, rows: list[Row], everything: list[Row], figure: Aggregate
) -> Any:
    def values(some: list[Row], *parts: Filter | None) -> list[Any]:
        chosen = [
            row for row in some if all(p is None or holds(world, source, row, p) for p in parts)
        ]
        if figure.field is None:
            return chosen
        found = [value_of(world, source, row, figure.field) for row in chosen]
        return [each for each in found if each is not None]

    def total(some: list[Any]) -> Any:
        return len(some) if figure.field is None else sum(some) if some else None

    mine = values(rows, figure.where, figure.of)
    match figure.function:
        case Function.COUNT:
            return len(mine)
        case Function.COUNT_DISTINCT:
            return len(set(mine))
        case Function.SUM:
            return sum(mine) if mine else None
        case Function.AVG:
            return sum(mine) / len(mine) if mine else None
        case Function.MIN:
            return min(mine, default=None)
        case Function.MAX:
            return max(mine, default=None)
        case Function.SHARE:
            whole = rows if figure.where is not None else everything
            of = total(values(whole, figure.of))
            return (total(mine) or 0) / of if of else None
