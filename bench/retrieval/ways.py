"""Ways to find the articles that answer a question, each over the same PostgreSQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.knowledge import search, store
from ringway.runtime.clock import utcnow
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

SHOWN = 5
_LABELLED = Path(__file__).parent / "labelled.json"
Find = Callable[[str], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Articles by name (title, body, tags), and questions with the names that answer them."""

    articles: Mapping[str, tuple[str, str, Sequence[str]]]
    questions: Sequence[tuple[str, Sequence[str]]]


def labelled() -> Labelled:
    """Return the set of this folder."""
    read = orjson.loads(_LABELLED.read_bytes())
    return Labelled(
        {name: tuple(article) for name, article in read["articles"].items()},
        [(question, names) for question, names in read["questions"]],
    )


@dataclass(frozen=True, slots=True)
class Score:
    """How well a way answers.

    Attributes:
        recall: Mean share of a question's answers that are among the first SHOWN (0..1).
        mrr: Mean of one over the place of the first answer, 0 when it is not among the first 20.
    """

    recall: float
    mrr: float


async def score(find: Find, questions: Sequence[tuple[str, Sequence[str]]]) -> Score:
    """Ask all questions."""
    recalls, places = [], []
    for question, answers in questions:
        found = list(await find(question))[:20]
        recalls.append(len(set(found[:SHOWN]) & set(answers)) / min(len(answers), SHOWN))
        first = next((n for n, name in enumerate(found, 1) if name in answers), None)
        places.append(1 / first if first is not None else 0.0)
    return Score(sum(recalls) / len(recalls), sum(places) / len(places))


async def fill(conn: Connection, tenant_id: UUID, known: Labelled) -> dict[UUID, str]:
    """Put the articles into the knowledge base of a tenant; return their names by id."""
    now, category_id = utcnow(), uuid7()
    await conn.execute(
        "INSERT INTO crm.knowledge_category (tenant_id, category_id, name, position, created_at, "
        "updated_at) VALUES ($1, $2, 'all', 0, $3, $3)",
        *(tenant_id, category_id, now),
    )
    names: dict[UUID, str] = {}
    for name, (title, body, tags) in known.articles.items():
        article_id = uuid7()
        names[article_id] = name
        made = await search.vector_of(
            conn, tenant_id=tenant_id, title=title, tags=tags, product="", body=body
        )
        content = store.Content(category_id, title, body, "zh", tags, "", None, None, made)
        await store.add(
            conn,
            tenant_id=tenant_id,
            article_id=article_id,
            draft_of=None,
            content=content,
            by="bench",
            now=now,
        )
    await conn.execute("UPDATE crm.article SET state = 'published' WHERE tenant_id = $1", tenant_id)
    return names


async def ringway(conn: Connection, tenant_id: UUID, names: Mapping[UUID, str]) -> Find:
    """Ask as ``GET /knowledge/search`` does."""
    rows = await conn.fetch(
        "SELECT category_id FROM crm.knowledge_category WHERE tenant_id = $1", tenant_id
    )
    categories = [row["category_id"] for row in rows]
    eyes = store.Eyes(tenant_id, uuid7(), categories, [], utcnow())

    async def find(question: str) -> Sequence[str]:
        found = await search.find(
            conn, eyes=eyes, search=search.Search(question), after=None, limit=20
        )
        return [names[UUID(str(each.row["article_id"]))] for each in found]

    return find


def plain(conn: asyncpg.Connection[asyncpg.Record], known: Labelled, *, any_word: bool) -> Find:
    """Ask PostgreSQL's own search, configuration ``simple``, with the same weights of the fields.

    Args:
        any_word: Whether one word of the question is enough; else all must be there.
    """
    texts = [(name, t, " ".join(tags), body) for name, (t, body, tags) in known.articles.items()]
    columns = [list(column) for column in zip(*texts, strict=True)]
    asked = "plainto_tsquery('simple', $1)"
    if any_word:
        asked = f"replace({asked}::text, ' & ', ' | ')::tsquery"

    async def find(question: str) -> Sequence[str]:
        rows = await conn.fetch(
            f"""
            WITH article AS (
                SELECT name, setweight(to_tsvector('simple', title), 'A')
                       || setweight(to_tsvector('simple', tags), 'B')
                       || setweight(to_tsvector('simple', body), 'D') AS words
                  FROM unnest($2::text[], $3::text[], $4::text[], $5::text[])
                       AS a (name, title, tags, body)
            )
            SELECT name FROM article, (SELECT {asked} AS q) AS asked WHERE words @@ q
             ORDER BY ts_rank('{{0.25, 0.25, 0.6, 1.0}}', words, q, 1) DESC, name LIMIT 20
            """,
            question,
            *columns,
        )
        return [row["name"] for row in rows]

    return find
