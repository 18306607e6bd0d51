"""Full-text search for Chinese and English: which articles answer a question best.

How texts become terms is decided in core/knowledge; PostgreSQL keeps them (a tsvector under a GIN
index), knows English stems, and ranks: rare terms count more, the title more than tags, and tags
more than the body.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from ringway.crm_api.core.knowledge import terms
from ringway.crm_api.core.knowledge.snippet import Piece, candidates, marked, plain, snippet
from ringway.crm_api.core.knowledge.terms import Question, Stems
from ringway.crm_api.knowledge.store import VISIBLE, Eyes
from ringway.runtime.postgres import Connection

# Of the body (D), nothing (C), tags and product (B), the title (A).
_WEIGHTS = "{0.25, 0.25, 0.6, 1.0}"
# What is found has at least this share of what was asked for, as far as any article has it; rare
# terms count more.
_LEAST_SHARE = 0.3
_FIND = f"""
    WITH term AS MATERIALIZED (
        SELECT n, query::tsquery AS query, weight
          FROM unnest($7::text[], $8::float8[]) WITH ORDINALITY AS t (query, weight, n)
    ), matched AS MATERIALIZED (
        SELECT a.article_id, hit.n, hit.tf
          FROM crm.article a
         -- What is stored compressed is unpacked once for an article, and all terms are looked for
         -- in it then: the other way round all texts are kept on disk and read for each term.
         CROSS JOIN LATERAL (SELECT a.search || ''::tsvector AS search OFFSET 0) AS words
         CROSS JOIN LATERAL (
               SELECT t.n, ts_rank('{_WEIGHTS}', words.search, t.query, 1)::float8 AS tf
                 FROM term t WHERE words.search @@ t.query OFFSET 0) AS hit
         WHERE {VISIBLE} AND $2::uuid IS NOT NULL AND a.draft_of IS NULL
           AND a.article_id = ANY (ARRAY(SELECT crm.find_articles($6::text::tsquery)))
           AND ($9 OR (a.state = 'published' AND (a.valid_from IS NULL OR a.valid_from <= $5)
                       AND (a.valid_until IS NULL OR a.valid_until > $5)))
           AND ($10::uuid[] IS NULL OR a.category_id = ANY ($10))
           AND ($11::text IS NULL OR a.language = $11) AND ($12::text IS NULL OR a.product = $12)
           AND ($13::text IS NULL OR $13 = ANY (a.tags))
    ), seen AS MATERIALIZED (
        SELECT count(*) AS total FROM crm.article a WHERE {VISIBLE}
    ), known AS MATERIALIZED (
        -- By the term's number, none for a term that nothing has.
        SELECT array_agg(CASE WHEN h.hits > 0 THEN t.weight * ln(
                   1 + ((SELECT total FROM seen) - h.hits + 0.5) / (h.hits + 0.5)) END ORDER BY t.n
               ) AS idf
          FROM term t
          LEFT JOIN (SELECT n, count(*) AS hits FROM matched GROUP BY n) h USING (n)
    ), scored AS (
        SELECT m.article_id, round(sum(k.idf[m.n] * m.tf)::numeric, 6)::float8 AS score,
               sum(k.idf[m.n]) AS covered
          FROM matched m CROSS JOIN known k GROUP BY m.article_id
    ), best AS MATERIALIZED (
        SELECT article_id, score FROM scored
         WHERE covered >= {_LEAST_SHARE} * (SELECT sum(i) FROM known, unnest(idf) i)
           AND ($14::float8 IS NULL OR (score, article_id) < ($14, $15::uuid))
         ORDER BY score DESC, article_id DESC LIMIT $16
    )
    SELECT a.article_id, a.category_id, a.title, a.body, a.language, a.tags, a.product, a.state,
           a.updated_at, b.score
      FROM best b JOIN crm.article a ON a.tenant_id = $1 AND a.article_id = b.article_id
     ORDER BY b.score DESC, a.article_id DESC
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for, and where; None is anywhere."""

    text: str
    is_typing: bool = False
    with_drafts: bool = False
    category_ids: Sequence[UUID] | None = None
    language: str | None = None
    product: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An article that was found, and why."""

    row: dict[str, object]
    title: list[Piece]
    snippet: list[Piece]


async def stems_of(conn: Connection, texts: Iterable[str]) -> Stems:
    """Return the stem of each word; what says nothing (the, of) has none."""
    words = sorted(terms.words(texts))
    if not words:
        return {}
    rows = await conn.fetch(
        "SELECT word, (ts_lexize('pg_catalog.english_stem', word))[1] AS stem "
        "FROM unnest($1::text[]) AS w (word)",
        words,
    )
    return {row["word"]: row["stem"] for row in rows if row["stem"]}


async def vector_of(
    conn: Connection, *, tenant_id: UUID, title: str, tags: Sequence[str], product: str, body: str
) -> str:
    """Return what an article is found by, as a tsvector."""
    about = " \n".join((*tags, product))
    fields = [(title, "A"), (about, "B"), (plain(body), "D")]
    stems = await stems_of(conn, (text for text, _ in fields))
    return terms.vector(fields, stems, owner=_owner(tenant_id))


async def find(
    conn: Connection,
    *,
    eyes: Eyes,
    search: Search,
    after: tuple[float, UUID] | None,
    limit: int,
) -> list[Found]:
    """Return articles that the caller sees, best first. What he does not see has no influence."""
    stems = await stems_of(conn, [search.text])
    question = terms.question(search.text, stems, is_typing=search.is_typing)
    if not question.terms:
        return []
    rows = await _rows(conn, eyes, search, question, question.strong, after, limit)
    if not rows and after is None:
        # Single characters are in most articles: they count, and are asked when nothing else is.
        rows = await _rows(conn, eyes, search, question, question.terms, after, limit)
    texts = [(row["title"], plain(row["body"])) for row in rows]
    wanted = {word for pair in texts for text in pair for word in candidates(text, question)}
    stems = await stems_of(conn, [" ".join(sorted(wanted))])
    return [
        _found(dict(row), title, body, question, stems)
        for row, (title, body) in zip(rows, texts, strict=True)
    ]


async def _rows(
    conn: Connection,
    eyes: Eyes,
    search: Search,
    question: Question,
    among: Sequence[terms.Term],
    after: tuple[float, UUID] | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Return what has any term of ``among``, by all terms of the question."""
    categories = list(search.category_ids) if search.category_ids is not None else None
    return await conn.fetch(
        _FIND,
        *eyes.arguments(),
        terms.any_of(among, owner=_owner(eyes.tenant_id)),
        [term.query for term in question.terms],
        [term.weight for term in question.terms],
        search.with_drafts,
        *(categories, search.language, search.product, search.tag),
        *(after if after is not None else (None, None)),
        limit,
    )


def _found(
    row: dict[str, object], title: str, body: str, question: Question, stems: Stems
) -> Found:
    return Found(row, marked(title, question, stems), snippet(body, question, stems))


def _owner(tenant_id: UUID) -> str:
    return f"@{tenant_id.hex}"
