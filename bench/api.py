"""How quick the API is on a full database: pops, pages of lists, imports, single records.

A PostgreSQL of its own with all migrations and real row-level security; a generator fills it with
four enterprises, one of which has eight tenths of everything (``--customers``, ``--interactions``:
10 and 50 million). Customers have own fields, four of them indexed. The API is the service's own
process; nothing else runs. ``--keep DIR`` keeps the data there and uses it again.

    pop       by phone: the service's query, as its role under row-level security; and over HTTP
              at 200 requests a second (Poisson arrivals, from when each was due). First as it is
              (``unread``), then with customers and numbers read into memory. Baseline: one row by
              its primary key, by the tables' owner.
    lists     pages of 50 with filter and order on own fields, the first and the 10,000th by its
              cursor (where a list is shorter: nine tenths of the way); and interactions. Baseline:
              the same page as SQL of a superuser.
    get       one customer, authenticated, flat out. Baseline: a bare FastAPI endpoint with asyncpg
              that does the single query and answers the same, by turns with it: with asyncpg's
              pool as it comes, and with one that does not reset its connections.
    import    ``bench customer-import``: beside a bare COPY of the same file.

Other work on the machine moves all figures; ratios are of one run. Prints one JSON object. The
generator takes up to an hour and 45 GB at full size; ``--quick`` has 20,000 customers and ends
within a minute or two. ``--only pop,get`` measures these parts alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import customer_import  # noqa: E402
from bench.crm import measures  # noqa: E402
from bench.crm.centre import centre  # noqa: E402
from bench.crm.figures import report  # noqa: E402
from bench.crm.ground import ground  # noqa: E402
from bench.crm.measures import Plan  # noqa: E402

from ringway.cli.say import say, step  # noqa: E402

FULL = Plan(2_000, 200, 60, 200, 10_000, 5, 6, 16)
QUICK = Plan(100, 50, 2, 20, 10_000, 2, 1, 8)


PARTS = ("pop", "lists", "get", "import")


async def measure(
    folder: Path, customers: int, interactions: int, plan: Plan, parts: frozenset[str]
) -> dict[str, Any]:
    """Measure ``parts`` on the data in ``folder``, which are made unless they are there."""
    figures: dict[str, Any] = {"customers": customers, "interactions": interactions, "lists": {}}
    baseline: dict[str, Any] = {"pages": {}}
    async with ground(folder, customers, interactions) as made:
        figures |= {"database_bytes": made.bytes, "generator_s": made.took_s}
        async with centre(made, folder) as api:
            await measures.gets_nobody(api)
            if "pop" in parts:
                with step("Pops"):
                    figures["pop"], baseline["select"] = await measures.pops(made, api, plan)
            for name, listing in measures.listings(made).items() if "lists" in parts else ():
                with step(f"Pages: {name}"):
                    found = await measures.pages(made, api, plan, listing)
                    figures["lists"][name], baseline["pages"][name] = found
            if "get" in parts:
                with step("Single records"):
                    figures["get"], bare = await measures.gets(made, api, plan)
                    baseline |= bare
    return {"figures": figures, "baseline": baseline}


async def measure_import(rows: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what an import does, and its baseline."""
    with step(f"Import of {rows} rows"):
        told = await customer_import.measure(rows)
    ratio = told["ratios"]["import_to_copy"]
    return {**told["figures"], "to_copy": ratio}, told["baseline"]


def _parts(text: str) -> frozenset[str]:
    wanted = frozenset(text.split(","))
    if not wanted <= set(PARTS):
        raise argparse.ArgumentTypeError(f"of {', '.join(PARTS)}")
    return wanted


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench; 0 when all aims of what is measured are met, or with ``--quick``."""
    parser = argparse.ArgumentParser(prog="bench api")
    parser.add_argument("--customers", type=int, default=10_000_000)
    parser.add_argument("--interactions", type=int, default=50_000_000)
    parser.add_argument("--import-rows", type=int, default=200_000)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="use its data, and leave them")
    parser.add_argument("--only", type=_parts, default=frozenset(PARTS), metavar="PART,PART")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    customers, interactions = arguments.customers, arguments.interactions
    rows, plan = arguments.import_rows, FULL
    if arguments.quick:
        customers, interactions = min(customers, 20_000), min(interactions, 60_000)
        rows, plan = min(rows, 5_000), QUICK
    found: dict[str, Any] = {"figures": {"lists": {}}, "baseline": {"pages": {}}}
    if arguments.only - {"import"}:
        with tempfile.TemporaryDirectory(prefix="ringway-bench-") as scratch:
            folder = (arguments.keep or Path(scratch)).absolute()
            found = uvloop.run(measure(folder, customers, interactions, plan, arguments.only))
    if "import" in arguments.only:
        found["figures"]["import"], copied = asyncio.run(measure_import(rows))
        found["baseline"] |= copied
    told = report(found["figures"], found["baseline"])
    say("Missed: " + (", ".join(n for n, is_met in told["met"].items() if not is_met) or "nothing"))
    print(json.dumps(told, indent=None if arguments.json else 2))
    return 0 if arguments.quick or all(told["met"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
