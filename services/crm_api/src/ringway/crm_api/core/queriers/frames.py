"""FROM, joins and conditions of queries, with every table under its tenant and its scope."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ringway.crm_api.core.queriers.catalogue import ALIAS, Catalogue, Field, Reference, Source
from ringway.crm_api.core.queriers.comparisons import comparison, narrowing
from ringway.crm_api.core.queriers.query import (
    MAX_JOINS,
    MAX_REFERENCES,
    AllOf,
    AnyOf,
    Asked,
    Condition,
    Filter,
    Not,
    Op,
    Related,
)
from ringway.crm_api.core.queriers.refusals import QueryRefused, field_unknown, source_unknown
from ringway.crm_api.core.queriers.values import typed


@dataclass(slots=True)
class Frame:
    """One source in a FROM, and what it is joined with."""

    source: Source
    alias: str
    joined: dict[tuple[str, ...], Frame]
    joins: list[str]
    depth: int = 0


class Frames:
    """The tables of one statement, and its parameters.

    Args:
        asked: Whose rows they are, and when and where it is asked.
    """

    def __init__(self, catalogue: Catalogue, asked: Asked) -> None:
        self._catalogue = catalogue
        self._asked = asked
        self._aliases = 0
        self.values: list[object] = []
        self._tenant = self.parameter(asked.tenant_id, "uuid")
        self._zone: str | None = None

    def parameter(self, value: object, cast: str) -> str:
        """Take a value; return the text that stands for it."""
        self.values.append(value)
        return f"${len(self.values)}::{cast}"

    def zone(self) -> str:
        """Return the text that stands for the zone."""
        # One parameter, so that the expressions of SELECT and GROUP BY are the same.
        if self._zone is None:
            self._zone = self.parameter(self._asked.zone, "text")
        return self._zone

    def frame(self, source: str) -> Frame:
        """Begin to read a source. Raises QueryRefused when there is none."""
        found = self._catalogue.get(source)
        if found is None:
            raise source_unknown(source)
        return Frame(found, self._alias(), {}, [])

    def from_where(self, frame: Frame, condition: str) -> str:
        """Return FROM and WHERE of a frame; all its fields must have been resolved."""
        joins = "".join(f" {each}" for each in frame.joins)
        rows = self._rows(frame.source, frame.alias)
        return f"FROM {frame.source.table} AS {frame.alias}{joins} WHERE {rows}{condition}"

    def field(self, frame: Frame, path: str) -> tuple[Field, str]:
        """Return a field and its SQL, joining what its path goes along. Raises QueryRefused."""
        found, at = self.found(frame, path)
        return found, found.sql.replace(ALIAS, at.alias)

    def found(self, frame: Frame, path: str) -> tuple[Field, Frame]:
        """Return a field and the frame that has it. Raises and joins as :meth:`field`."""
        parts = path.split(".")
        at, n = frame, 0
        while n < len(parts):
            found = at.source.fields.get(".".join(parts[n:]))
            if found is not None:
                return found, at
            reference = None
            for length in (1, 2):  # own fields that refer have names of two parts
                reference = at.source.references.get(".".join(parts[n : n + length]))
                if reference is not None:
                    n += length
                    break
            if reference is None or reference.source not in self._catalogue:
                break
            at = self._join(frame, at, tuple(parts[:n]), reference, path)
        raise field_unknown(path)

    def condition(self, frame: Frame, part: Filter, *, negated: bool = False) -> str:
        """Return a filter as SQL, in which null is false. Raises QueryRefused."""
        match part:
            case AllOf(all=parts):
                return self._several(frame, parts, " AND ", "true", negated)
            case AnyOf(any=parts):
                return self._several(frame, parts, " OR ", "false", negated)
            case Not(negated=one):
                return f"NOT ({self.condition(frame, one, negated=True)})"
            case Related():
                return self._related(frame, part)
            case Condition():
                field, at = self.found(frame, part.field)
                values = typed(part, field.kind, self._asked)
                sql = field.sql.replace(ALIAS, at.alias)
                text = f"({comparison(sql, field.kind, part.op, values, self.parameter)})"
                if field.key is not None and (at is frame or part.op is not Op.IS_EMPTY):
                    near = narrowing(field.key, field.kind, part.op, values, self.parameter)
                    text = f"({near.replace(ALIAS, at.alias)}{text})"
                # Below a NOT null would not do as false.
                return f"({text} IS TRUE)" if negated else text

    def _several(
        self, frame: Frame, parts: Iterable[Filter], word: str, none: str, negated: bool
    ) -> str:
        texts = [self.condition(frame, each, negated=negated) for each in parts]
        return f"({word.join(texts)})" if texts else none

    def _related(self, frame: Frame, part: Related) -> str:
        other = self.frame(part.related)
        reference = other.source.references.get(part.by)
        if reference is None or reference.source != frame.source.name:
            raise QueryRefused(
                "querier_reference_unknown",
                f"{part.related[:100]} has no reference {part.by[:100]} to {frame.source.name}.",
            )
        on = reference.back or reference.on
        on = on.replace(ALIAS, other.alias).replace("{r}", frame.alias)
        where = f" AND {self.condition(other, part.where)}" if part.where is not None else ""
        body = self.from_where(other, f" AND ({on}){where}")
        if part.at_least == 1:
            return f"EXISTS (SELECT 1 {body})"
        least = self.parameter(part.at_least, "bigint")
        found = f"SELECT count(*) FROM (SELECT 1 {body} LIMIT {least}) AS n"  # noqa: S608 - rule 1
        return f"(({found}) >= {least})"

    def _join(
        self, root: Frame, at: Frame, path: tuple[str, ...], reference: Reference, whole: str
    ) -> Frame:
        if path in root.joined:
            return root.joined[path]
        if at.depth >= MAX_REFERENCES:
            raise QueryRefused(
                "querier_path_too_long", f"{whole} follows more than {MAX_REFERENCES} references."
            )
        if len(root.joins) >= MAX_JOINS:
            raise QueryRefused(
                "querier_too_many_joins", f"A query follows at most {MAX_JOINS} references."
            )
        source = self._catalogue[reference.source]
        to = Frame(source, self._alias(), {}, [], at.depth + 1)
        rows = self._rows(source, to.alias)
        on = reference.on.replace(ALIAS, at.alias).replace("{r}", to.alias)
        if reference.is_key:
            join = f"LEFT JOIN {source.table} AS {to.alias} ON {rows} AND ({on})"
        else:
            key = source.fields[source.key].sql.replace(ALIAS, to.alias)
            first = (
                f"FROM {source.table} AS {to.alias} WHERE {rows} AND ({on}) ORDER BY {key} LIMIT 1"
            )
            join = f"LEFT JOIN LATERAL (SELECT {to.alias}.* {first}) AS {to.alias} ON true"
        root.joins.append(join)
        root.joined[path] = to
        return to

    def _rows(self, source: Source, alias: str) -> str:
        tenant = f"{alias}.tenant_id = {self._tenant}"
        if source.scope is None:
            return tenant
        sql = source.scope.sql.replace(ALIAS, alias)
        for n, value in enumerate(source.scope.values):
            self.values.append(value)
            sql = sql.replace(f"{{{n}}}", f"${len(self.values)}")
        return f"{tenant} AND ({sql})"

    def _alias(self) -> str:
        self._aliases += 1
        return f"t{self._aliases}"
