"""How quick customers are imported: rows a second beside a bare COPY of the same file.

The file has names, two numbers, an e-mail address, an address, tags and two own texts. Ringway
reads it in a process of its own, checks every cell, looks for customers who exist by number, and
writes records with all their indexes, in chunks that are undone or resumed. Two baselines are of
the same server in the same run: PostgreSQL's COPY of the same file into a table of texts without
index or rule, and the floor: a bare INSERT … SELECT of the finished records, numbers and tags into
tables that have the same indexes and checks, but no triggers and no row-level security. A second
import of the file (every row exists already, and is skipped) shows what the looking for duplicates
costs.

Prints one JSON object. ``--rows N``; ``--quick`` takes 20,000.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.crm import SERVICES, Crm, Signed, ok, running_crm  # noqa: E402
from tests.support.nats import NatsServer  # noqa: E402
from tests.support.postgres import PostgresServer  # noqa: E402

from ringway.crm_api.customer_files.worker import JobWorker  # noqa: E402

ROWS = 100_000
AIM = 0.3
HEADER = ("name", "phone", "phone2", "email", "street", "city", "tags", "Card", "Note")


def make_file(rows: int) -> bytes:
    """Return a CSV file of customers who all differ."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for n in range(rows):
        # Numbers in no order, as in life.
        digits = n * 7919 % 100_000_000
        writer.writerow(
            (
                f"Customer {n}",
                f"+86138{digits:08}",
                f"+86139{digits:08}" if n % 5 == 0 else "",
                f"c{n}@example.com",
                f"{n % 997} Long Street, Building {n % 13}",
                ("Iași", "上海", "Cluj")[n % 3],
                "vip,new" if n % 10 == 0 else "",
                f"C-{n:07}",
                "called in spring",
            )
        )
    return text.getvalue().encode()


async def copy_rate(dsn: str, content: bytes, rows: int) -> float:
    """Return rows a second of a bare COPY, the best of three."""
    conn = await asyncpg.connect(dsn)
    try:
        columns = ", ".join(f"c{n} text" for n in range(len(HEADER)))
        await conn.execute(f"CREATE SCHEMA bench; CREATE TABLE bench.bare ({columns})")
        best = float("inf")
        for _ in range(3):
            await conn.execute("TRUNCATE bench.bare")
            began = time.perf_counter()
            await conn.copy_to_table(
                "bare", schema_name="bench", source=io.BytesIO(content), format="csv", header=True
            )
            best = min(best, time.perf_counter() - began)
    finally:
        await conn.close()
    return rows / best


async def floor_rate(dsn: str, rows: int) -> float:
    """Return customers a second of writing what was imported once more, the best of three."""
    tables = ("customer", "customer_number", "customer_tag")
    conn = await asyncpg.connect(dsn)
    try:
        for table in tables:
            await conn.execute(
                f"CREATE TABLE bench.{table} (LIKE crm.{table} INCLUDING ALL); "
                f"CREATE UNLOGGED TABLE bench.made_{table} AS SELECT * FROM crm.{table}"
            )
        best = float("inf")
        for _ in range(3):
            await conn.execute(f"TRUNCATE {', '.join(f'bench.{table}' for table in tables)}")
            began = time.perf_counter()
            async with conn.transaction():
                for table in tables:
                    await conn.execute(
                        f"INSERT INTO bench.{table} SELECT * FROM bench.made_{table}",
                        timeout=600,
                    )
            best = min(best, time.perf_counter() - began)
    finally:
        await conn.close()
    return rows / best


async def import_rate(crm: Crm, boss: Signed, content: bytes, rows: int, count: str) -> float:
    """Return rows a second from the request until the import is finished."""
    began = time.perf_counter()
    options = json.dumps({"rule": "skip"})
    begun = ok(
        await boss(
            "POST",
            "/customers/imports",
            files={"file": ("c.csv", content)},
            data={"options": options},
            timeout=600,
        )
    )
    await JobWorker(crm.deps).work()
    seconds = time.perf_counter() - began
    done = await boss.get(f"/customers/imports/{begun['import_id']}")
    if done["state"] != "finished" or done["counts"][count] != rows:
        raise SystemExit(f"The import is not sound: {done['state']} {done['counts']}")
    return rows / seconds


async def measure(rows: int) -> dict[str, Any]:
    """Measure on a server of its own."""
    content = make_file(rows)
    with tempfile.TemporaryDirectory() as folder:
        postgres, nats = PostgresServer(Path(folder)), NatsServer(Path(folder) / "nats")
        try:
            await nats.start()
            database = await postgres.create_database(SERVICES)
            async with running_crm(database, nats, Path(folder)) as crm:
                boss = await crm.open_tenant("bench")
                bare = await copy_rate(database.dsn("ringway_owner"), content, rows)
                new = await import_rate(crm, boss, content, rows, "created")
                floor = await floor_rate(database.dsn("ringway_owner"), rows)
                again = await import_rate(crm, boss, content, rows, "skipped")
        finally:
            nats.stop()
            postgres.stop()
    ratio = new / bare
    return {
        "bench": "customer-import",
        "figures": {
            "rows": rows,
            "file_bytes": len(content),
            "import_rows_s": round(new),
            "import_of_known_rows_s": round(again),
        },
        "baseline": {"copy_rows_s": round(bare), "floor_rows_s": round(floor)},
        "ratios": {
            "import_to_copy": round(ratio, 4),
            "import_to_floor": round(new / floor, 4),
            "floor_to_copy": round(floor / bare, 4),
        },
        "aims": {"import_to_copy": AIM},
        "met": ratio >= AIM,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench; 0 when the aim is met."""
    parser = argparse.ArgumentParser(prog="bench customer-import")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    told = asyncio.run(measure(20_000 if arguments.quick else arguments.rows))
    print(json.dumps(told, indent=None if arguments.json else 2))
    return 0 if told["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
