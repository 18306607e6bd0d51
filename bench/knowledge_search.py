"""How well the knowledge base answers questions in Chinese and English.

Forty articles and sixty questions of an invented contact centre (retrieval/labelled.json) are asked
of one PostgreSQL in one run:

    ringway      as GET /knowledge/search: own terms, English stems, rare terms count more
    simple_any   the baseline: PostgreSQL's configuration ``simple``, any word of the question
    simple_all   the same, all words of the question

``recall`` is the mean share of a question's answers among the first five, ``mrr`` the mean of one
over the place of the first answer. The set is small and was written by whoever wrote the search:
it tells a broken search from a sound one, not how good it is with your articles.

``search_ms`` is the time of one search, over 40 articles and over ``--articles`` that are made of
their sentences (a question then finds thousands), with the snippets of ten. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import asyncpg  # noqa: E402
from bench.retrieval import ways  # noqa: E402
from tests.support.postgres import PostgresServer  # noqa: E402

from ringway.cli.say import say  # noqa: E402
from ringway.crm_api.knowledge import search, store  # noqa: E402
from ringway.runtime.clock import utcnow  # noqa: E402
from ringway.runtime.ids import uuid7  # noqa: E402
from ringway.runtime.postgres import Connection, Pool  # noqa: E402

AIMS = {"recall": 0.9, "recall_over_baseline": 1.5}


async def measure(articles: int) -> dict[str, Any]:
    """Return all figures."""
    known = ways.labelled()
    with tempfile.TemporaryDirectory(prefix="ringway-bench-") as folder:
        server = PostgresServer(Path(folder))
        try:
            database = await server.create_database(["acd", "dialer", "recorder", "crm_api"])
            small, large = uuid7(), uuid7()
            owner = await asyncpg.connect(database.dsn("ringway_owner"))
            for tenant_id, slug in ((small, "small"), (large, "large")):
                await owner.execute(
                    "INSERT INTO crm.tenant (tenant_id, slug, name, created_at, updated_at) "
                    "VALUES ($1, $2, $2, now(), now())",
                    *(tenant_id, slug),
                )
            scores: dict[str, ways.Score] = {}
            dsn = database.dsn("ringway_crm_api")
            async with Pool.open(dsn, application_name="bench") as pool:
                async with pool.tenant(small) as conn:
                    names = await ways.fill(conn, small, known)
                    find = await ways.ringway(conn, small, names)
                    scores["ringway"] = await ways.score(find, known.questions)
                    at_40 = await _timed(conn, small, known)
                for name, any_word in (("simple_any", True), ("simple_all", False)):
                    find = ways.plain(owner, known, any_word=any_word)
                    scores[name] = await ways.score(find, known.questions)
                say(f"Writing {articles} articles")
                async with pool.tenant(large) as conn:
                    await _fill_many(conn, large, known, articles)
                await owner.execute("ANALYZE crm.article")
                async with pool.tenant(large) as conn:
                    at_many = await _timed(conn, large, known)
            await owner.close()
        finally:
            server.stop()
    return {
        **{name: asdict(each) for name, each in scores.items()},
        "search_ms": {"40": at_40, str(articles): at_many},
    }


async def _fill_many(conn: Connection, tenant_id: UUID, known: ways.Labelled, count: int) -> None:
    chance = random.Random(7)
    await ways.fill(conn, tenant_id, known)
    texts = known.articles.values()
    sentences = [s for _, body, _ in texts for s in re.split(r"(?<=[。.])", body) if s.strip()]
    titles = [title for title, _, _ in texts]
    category_id = await conn.fetchval(
        "SELECT category_id FROM crm.knowledge_category WHERE tenant_id = $1", tenant_id
    )
    now = utcnow()
    for _ in range(count):
        title = f"{chance.choice(titles)} {chance.randrange(10_000)}"
        body = " ".join(chance.choices(sentences, k=12))
        made = await search.vector_of(
            conn, tenant_id=tenant_id, title=title, tags=[], product="", body=body
        )
        content = store.Content(category_id, title, body, "zh", [], "", None, None, made)
        await store.add(
            conn,
            tenant_id=tenant_id,
            article_id=uuid7(),
            draft_of=None,
            content=content,
            by="bench",
            now=now,
        )
    await conn.execute("UPDATE crm.article SET state = 'published' WHERE tenant_id = $1", tenant_id)


async def _timed(conn: Connection, tenant_id: UUID, known: ways.Labelled) -> dict[str, float]:
    rows = await conn.fetch(
        "SELECT category_id FROM crm.knowledge_category WHERE tenant_id = $1", tenant_id
    )
    eyes = store.Eyes(tenant_id, uuid7(), [row["category_id"] for row in rows], [], utcnow())
    taken: list[float] = []
    for question, _ in known.questions:
        began = perf_counter()
        await search.find(conn, eyes=eyes, search=search.Search(question), after=None, limit=10)
        taken.append((perf_counter() - began) * 1000)
    return {
        "p50": round(statistics.median(taken), 1),
        "p95": round(sorted(taken)[int(len(taken) * 0.95)], 1),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 0 when the aims are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--articles", type=int, default=5_000)
    chosen = parser.parse_args(arguments)
    figures = asyncio.run(measure(500 if chosen.quick else chosen.articles))
    ours, baseline = figures["ringway"]["recall"], figures["simple_any"]["recall"]
    ratios = {"recall_over_baseline": round(ours / baseline, 2) if baseline else None}
    met = {
        "recall": ours >= AIMS["recall"],
        "recall_over_baseline": ours >= AIMS["recall_over_baseline"] * baseline,
    }
    said = {
        "bench": "knowledge-search",
        "figures": figures,
        "baseline": "simple_any",
        "ratios": ratios,
        "aims": AIMS,
        "met": met,
    }
    print(json.dumps(said, indent=None if chosen.json else 2))
    return 0 if all(met.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
