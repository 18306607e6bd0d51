"""How the own fields of enterprises are stored: what four ways of it cost, on a real PostgreSQL.

    typed        a table of one object alone, a column of its own type for each field, b-trees
    key_columns  what Ringway does (ADR 0017): the shared table, values in JSONB, a key column and a
                 partial index for each indexed field, filled by a trigger
    expressions  a shared table, values in JSONB, partial indexes on expressions of them
    crowded      the same, when other tenants have ``--foreign`` such indexes on that table

All as the service's role, under row-level security. Each holds ``--rows`` records of five fields,
three of which are indexed. ``bulk`` is one INSERT of all rows into the table with its indexes,
``one`` an INSERT of one row; ``first`` and ``deep`` are pages of 50 rows, filtered by one field and
ordered by another, from the beginning and from nine tenths of the way. Ratios are to
``typed`` (of time and of bytes: lower is better). Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
from tests.support.postgres import PostgresServer

from ringway.cli.say import say
from ringway.runtime.postgres import Connection

TENANT, OBJECT, USER = UUID(int=1), UUID(int=2), UUID(int=3)
_ID = "('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid"
# The same values, by formulas, in all tables.
_TIER, _PRICE = "(ARRAY['gold', 'silver', 'basic'])[1 + i % 3]", "(i::bigint * 7919 % 1000003)"
_CARD, _OPENED = "'card-' || i", "(DATE '2020-01-01' + i % 2000)"
_NOTE = "repeat('n', 20 + i % 60)"
_DATA = (
    f"jsonb_build_object('tier', {_TIER}, 'price', {_PRICE}, 'card', {_CARD}, "
    f"'opened', {_OPENED}, 'note', {_NOTE})"
)
_POLICY = """
    ALTER TABLE bench.{0} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE bench.{0} FORCE ROW LEVEL SECURITY;
    CREATE POLICY tenant_isolation ON bench.{0} TO ringway_crm_api
        USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
    CREATE POLICY owner_all ON bench.{0} TO ringway_owner USING (true);
    GRANT SELECT, INSERT ON bench.{0} TO ringway_crm_api;
"""
_HEAD = (
    "tenant_id uuid, object_id uuid, record_id uuid, version integer, created_by uuid, "
    "created_at timestamptz, updated_by uuid, updated_at timestamptz"
)
_HEAD_NAMES = (
    "tenant_id, object_id, record_id, version, created_by, created_at, updated_by, updated_at"
)
_HEAD_VALUES = f"'{TENANT}', '{OBJECT}', {_ID}, 1, '{USER}', now(), '{USER}', now()"
_KEY = "PRIMARY KEY (tenant_id, object_id, record_id)"
_TYPED = f"""
    CREATE TABLE bench.typed ({_HEAD}, tier text, price bigint, card text, opened date, note text,
                              {_KEY});
    CREATE INDEX ON bench.typed (tier, record_id);
    CREATE INDEX ON bench.typed (price, record_id);
    CREATE INDEX ON bench.typed (card, record_id);
    {_POLICY.format("typed")}
"""
_MINE = f"WHERE tenant_id = '{TENANT}' AND object_id = '{OBJECT}'"
_EXPRESSIONS = f"""
    CREATE TABLE bench.expressions ({_HEAD}, data jsonb, {_KEY});
    CREATE INDEX ON bench.expressions ((data->>'tier'), record_id) {_MINE};
    CREATE INDEX ON bench.expressions (((data->>'price')::numeric), record_id) {_MINE};
    CREATE INDEX ON bench.expressions ((data->>'card'), record_id) {_MINE};
    {_POLICY.format("expressions")}
"""
_OBJECT = f"""
    INSERT INTO crm.tenant (tenant_id, slug, name, created_at, updated_at)
    VALUES ('{TENANT}', 'bench', 'bench', now(), now());
    INSERT INTO crm.data_object (tenant_id, object_id, kind, name, definition, shapes, created_at,
                                 updated_at, keys)
    SELECT '{TENANT}', '{OBJECT}', 'base', 'bench', '{{}}', '{{}}', now(), now(),
           array_agg(CASE i WHEN 1 THEN 'tier' WHEN 2 THEN 'card' WHEN 13 THEN 'price' END)
      FROM generate_series(1, 23) i;
"""


class Storage:
    """One way to store: its table and what its statements say."""

    def __init__(self, table: str, columns: str, values: str, price: str, tier: str) -> None:
        self.table = table
        self.insert = (
            f"INSERT INTO {table} ({_HEAD_NAMES}, {columns}) SELECT {_HEAD_VALUES}, {values} "
            "FROM generate_series($1::integer, $2) AS i"
        )
        self.page = (
            f"SELECT * FROM {table} WHERE tenant_id = $1 AND object_id = $2 AND {tier} = 'gold' "
            f"AND {price} IS NOT NULL AND ({price}, record_id) > ($3, $4) "
            f"ORDER BY {price}, record_id LIMIT 50"
        )


_NUMERIC = "(data->>'price')::numeric"
STORAGES = {
    "typed": Storage(
        "bench.typed",
        "tier, price, card, opened, note",
        f"{_TIER}, {_PRICE}, {_CARD}, {_OPENED}, {_NOTE}",
        "price",
        "tier",
    ),
    "key_columns": Storage("crm.record", "data", _DATA, "n1", "t1"),
    "expressions": Storage("bench.expressions", "data", _DATA, _NUMERIC, "data->>'tier'"),
}


async def measure(rows: int, foreign: int, times: int, port_folder: Path) -> dict[str, Any]:
    """Return figures of every way of storage."""
    server = PostgresServer(port_folder / "postgres")
    await server.start()
    try:
        database = await server.create_database(("acd", "dialer", "recorder", "crm_api"))
        owner = await asyncpg.connect(database.dsn("ringway_owner"))
        service = await asyncpg.connect(database.dsn("ringway_crm_api"), command_timeout=3_600)
        await owner.execute(
            "CREATE SCHEMA bench; GRANT USAGE ON SCHEMA bench TO ringway_crm_api;"
            f"{_TYPED}{_EXPRESSIONS}{_OBJECT}"
        )
        await service.execute(f"SET ringway.tenant_id = '{TENANT}'")
        figures = {}
        for name, storage in STORAGES.items():
            say(f"{name}: {rows} rows")
            figures[name] = await _fill(service, owner, storage, rows)
        # Turn by turn, so that what else the machine does meets all of them.
        turns: dict[str, list[dict[str, float]]] = {name: [] for name in STORAGES}
        for turn in range(times):
            for name, storage in STORAGES.items():
                turns[name].append(await _ask(service, storage, rows, turn))
        for name in STORAGES:
            figures[name] |= _medians(turns[name])
        say(f"{foreign} indexes of other tenants")
        await _crowd(owner, foreign)
        crowded = [
            await _ask(service, STORAGES["expressions"], rows, times + turn)
            for turn in range(max(5, times // 5))
        ]
        figures["crowded"] = _medians(crowded)
        await service.close()
        await owner.close()
        return figures
    finally:
        server.stop()


async def _fill(
    service: Connection, owner: Connection, storage: Storage, rows: int
) -> dict[str, float]:
    began = perf_counter()
    await service.execute(storage.insert, 1, rows)
    bulk_s = perf_counter() - began
    await owner.execute(f"VACUUM ANALYZE {storage.table}")
    size = await owner.fetchval("SELECT pg_total_relation_size($1::text::regclass)", storage.table)
    return {"bulk_us_per_row": 1e6 * bulk_s / rows, "bytes_per_row": size / rows}


async def _ask(service: Connection, storage: Storage, rows: int, turn: int) -> dict[str, float]:
    found = {}
    nowhere = UUID(int=0)
    await service.execute("SET plan_cache_mode = force_custom_plan")  # as the service lists
    for name, after in (("first", -1), ("deep", 900_000)):
        began = perf_counter()
        page = await service.fetch(storage.page, TENANT, OBJECT, after, nowhere)
        found[f"{name}_ms"] = 1e3 * (perf_counter() - began)
        if not page:
            raise RuntimeError(f"{storage.table} has no {name} page")
    await service.execute("RESET plan_cache_mode")
    began = perf_counter()
    await service.execute(storage.insert, rows + turn + 1, rows + turn + 1)
    found["one_ms"] = 1e3 * (perf_counter() - began)
    return found


async def _crowd(owner: Connection, foreign: int) -> None:
    for n in range(foreign):
        await owner.execute(
            "CREATE INDEX ON bench.expressions (((data->>'price')::numeric), record_id) "
            f"WHERE tenant_id = '{UUID(int=1000 + n)}' AND object_id = '{UUID(int=5)}'"
        )


def _medians(turns: list[dict[str, float]]) -> dict[str, float]:
    # Without the first ones, which fill caches.
    kept = turns[2:]
    return {name: statistics.median(each[name] for each in kept) for name in kept[0]}


def report(figures: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Return the bench's JSON object."""
    typed, mine = figures["typed"], figures["key_columns"]
    ratios = {
        f"{name}_{what.rpartition('_')[0] if what.endswith('_ms') else what}": round(
            value / typed[what], 2
        )
        for name, each in figures.items()
        if name != "typed"
        for what, value in each.items()
    }
    ratios["key_columns_deep_to_first"] = round(mine["deep_ms"] / mine["first_ms"], 2)
    ratios["expressions_deep_to_first"] = round(
        figures["expressions"]["deep_ms"] / figures["expressions"]["first_ms"], 2
    )
    return {
        "bench": "object-storage",
        "figures": {
            name: {what: round(value, 3) for what, value in each.items()}
            for name, each in figures.items()
        },
        "baseline": "typed: a table for one object alone, with typed columns and b-trees",
        "ratios": ratios,
        "aims": {
            "key_columns_first": "< 3",
            "key_columns_deep": "< 3",
            "key_columns_deep_to_first": "< 3",
        },
        "met": {
            name: ratios[name] < 3
            for name in ("key_columns_first", "key_columns_deep", "key_columns_deep_to_first")
        },
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench and print its object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--foreign", type=int, default=1_000)
    arguments = parser.parse_args(argv)
    rows, foreign, times = arguments.rows, arguments.foreign, 60
    if arguments.quick:
        rows, foreign, times = min(rows, 30_000), min(foreign, 200), 20
    with tempfile.TemporaryDirectory(prefix="ringway-bench-") as folder:
        figures = asyncio.run(measure(rows, foreign, times, Path(folder)))
    print(json.dumps(report(figures), indent=None if arguments.json else 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
