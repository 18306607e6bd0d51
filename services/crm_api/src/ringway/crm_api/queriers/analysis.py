"""One search through all sources (R215), and frequent problems of their texts (R216)."""

from __future__ import annotations

import re
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.queriers.catalogue import FieldKind, Source
from ringway.crm_api.core.queriers.problems import MAX_TEXTS, problems
from ringway.crm_api.core.queriers.query import AnyOf, Column, Condition, Op, Query, Sort
from ringway.crm_api.core.queriers.refusals import source_unknown
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Invalid
from ringway.crm_api.queriers import running, service
from ringway.crm_api.queriers.schemas import (
    FoundView,
    HitsView,
    ProblemsBody,
    ProblemsView,
    ProblemView,
)

_SEARCH_LIMIT_S = 3  # of each source
_E164 = re.compile(r"\+[1-9][0-9]{4,14}", re.ASCII)
_SHOWN = 100  # ids of one problem
_TYPICAL = 500  # characters of a typical text


async def search(
    deps: Deps, caller: Caller, text: str, sources: list[str], limit: int
) -> FoundView:
    """Look for a text in everything that the caller may ask, source by source.

    Args:
        sources: Names of those that are looked into; none: all.

    Raises:
        Invalid: There is no such source.
    """
    found, unfinished = [], []
    async with running.session(deps, caller) as session:
        for name in sources:
            if name not in session.catalogue:
                refused = source_unknown(name)
                raise Invalid(refused.code, refused.detail)
        await session.conn.execute(
            "SELECT set_config('statement_timeout', $1, true)", str(_SEARCH_LIMIT_S * 1000)
        )
        for source in session.catalogue.values():
            if not source.search or (sources and source.name not in sources):
                continue
            try:
                async with session.conn.transaction():
                    hits = await session.rows(_looking_for(source, text), limit=limit)
            except Conflict:
                unfinished.append(source.name)
                continue
            if hits.rows:
                found.append(_hits(source, hits))
    return FoundView(items=found, unfinished=unfinished)


def _hits(source: Source, hits: running.Answer) -> HitsView:
    return HitsView(
        source=source.name,
        label_en=source.label_en,
        label_zh=source.label_zh,
        columns=service.columns(hits),
        rows=hits.rows,
        row_ids=hits.row_ids or [],
        has_more=hits.has_more,
    )


def _looking_for(source: Source, text: str) -> Query:
    by = source.newest
    # A whole number is found by an index, a part of a text is not.
    op = Op.EQ if _E164.fullmatch(text) else Op.CONTAINS
    return Query(
        source=source.name,
        columns=tuple(Column(field=name) for name in source.title),
        where=AnyOf(any=tuple(Condition(field=name, op=op, value=text) for name in source.search)),
        sort=(Sort(by=by, descending=True),) if by is not None else (),
    )


async def frequent(deps: Deps, caller: Caller, wanted: ProblemsBody) -> ProblemsView:
    """Put the texts of a query's rows together by what they speak of.

    Raises:
        Invalid: The query has groups, or the field is not a text.
        Conflict: It takes too long.
    """
    if wanted.query.is_grouped:
        raise Invalid("querier_groups_only", "Groups have no texts: ask for rows.")
    query = wanted.query.model_copy(update={"columns": (Column(field=wanted.field),)})
    async with running.session(deps, caller) as session:
        if session.columns(query)[0].kind is not FieldKind.TEXT:
            raise Invalid("querier_field_not_text", f"{wanted.field} is not a text.")
        found = await session.rows(query, limit=MAX_TEXTS)
    texts = [str(row[0] or "") for row in found.rows]
    ids = found.row_ids or []
    read = sum(bool(text.strip()) for text in texts)
    groups = problems(texts)[: wanted.limit]
    return ProblemsView(
        read=read,
        items=[
            ProblemView(
                words=list(each.words),
                count=len(each.members),
                share=len(each.members) / read,
                typical_id=ids[each.members[0]],
                typical=texts[each.members[0]][:_TYPICAL],
                row_ids=[ids[n] for n in each.members[:_SHOWN]],
            )
            for each in groups
        ],
    )


async def note_export(
    deps: Deps, caller: Caller, querier_id: UUID, source: str, rows: int, form: str
) -> None:
    """Note that somebody takes a result along."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="querier.exported",
            object_type="querier",
            object_id=querier_id,
            detail={"source": source, "rows": rows, "format": form},
        )
