"""Queries answered by PostgreSQL as the plainest evaluator answers them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.postgres import PostgresServer
from tests.support.query_strategies import Json, queries
from tests.support.query_world import (
    ASKED,
    CATALOGUE,
    DDL,
    FILL_KEYS,
    PATHS,
    World,
    answer,
    make_world,
)

from ringway.crm_api.core.queriers.catalogue import FieldKind
from ringway.crm_api.core.queriers.compiler import compile_count, compile_query
from ringway.crm_api.core.queriers.query import Op, Query
from ringway.crm_api.core.queriers.values import LISTS, OPERATORS

pytestmark = pytest.mark.integration

_SEED = 11
Ask = Callable[[str, tuple[object, ...]], list[Any]]


@pytest.fixture(scope="module")
def ask(postgres: PostgresServer) -> Iterator[Ask]:
    """Answer statements in a database of the small world."""
    with asyncio.Runner() as runner:
        database = runner.run(postgres.create_database())
        conn = runner.run(asyncpg.connect(database.dsn("ringway_admin")))

        def fetch(sql: str, values: tuple[object, ...]) -> list[Any]:
            async def rows() -> list[Any]:
                return [[_plain(each) for each in row] for row in await conn.fetch(sql, *values)]

            return runner.run(rows())

        async def fill(world: World) -> None:
            await conn.execute(DDL)
            for table, rows in (("person", world.persons), ("deal", world.deals)):
                await conn.copy_records_to_table(
                    table, records=[tuple(row.values()) for row in rows], columns=list(rows[0])
                )
            await conn.execute(FILL_KEYS)

        runner.run(fill(make_world(_SEED)))
        yield fetch
        runner.run(conn.close())
        runner.run(postgres.drop_database(database))


@settings(
    max_examples=250,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(queries(), st.integers(1, 30), st.integers(0, 5))
def test_postgresql_answers_as_the_plainest_evaluator(
    ask: Ask, asked: Json, limit: int, offset: int
) -> None:
    query = Query.model_validate(asked)
    world = make_world(_SEED)
    made = compile_query(query, CATALOGUE, ASKED, limit=limit, offset=offset)
    found = ask(made.sql, made.values)
    if made.has_key:
        found = [row[:-1] for row in found]
    expected = [[_plain(each) for each in row] for row in answer(
        world, query, limit=limit, offset=offset
    )]  # fmt: skip
    assert found == expected
    counted = compile_count(query, CATALOGUE, ASKED, limit=1000)
    assert ask(counted.sql, counted.values) == [[len(answer(world, query, limit=1000, offset=0))]]


def test_every_operator_at_every_border(ask: Ask) -> None:
    world = make_world(_SEED)
    for source, path, kind in (
        *(("persons", path, kind) for path, kind in PATHS["persons"].items() if "." not in path),
        ("deals", "amount", FieldKind.MONEY),
        ("deals", "note", FieldKind.TEXT),
    ):
        values = sorted({str(row[path]): row[path] for row in world.of(source)}.items())
        given = [json.loads(json.dumps(each, default=_written)) for _, each in values if each]
        for op in OPERATORS[kind] - {Op.WITHIN}:
            for value in [None] if op in (Op.IS_EMPTY, Op.IS_NOT_EMPTY) else given[:8]:
                one = value[0] if isinstance(value, list) else value
                many = [one, given[-1]] if op is Op.BETWEEN else [one]
                asked = many if op in LISTS or op is Op.BETWEEN else one
                where = {"field": path, "op": op, "value": asked}
                for part in (where, {"not": where}):
                    query = Query.model_validate(
                        {"source": source, "columns": [{"field": "id"}], "where": part}
                    )
                    made = compile_query(query, CATALOGUE, ASKED, limit=99)
                    found = [row[:1] for row in ask(made.sql, made.values)]
                    assert found == answer(world, query, limit=99, offset=0), part


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        value = float(value)
    return round(value, 9) if isinstance(value, float) else value
