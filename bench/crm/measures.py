"""What is measured of the API, one function each; figures are as :mod:`bench.crm.figures` says."""

from __future__ import annotations

import asyncio
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from bench.crm import people
from bench.crm.centre import Centre
from bench.crm.figures import paired, spread
from bench.crm.ground import Ground
from bench.crm.wire import at_a_rate, flat_out, get, one_by_one, wires

from ringway.crm_api.customers import lookup, scope
from ringway.crm_api.schemas import encode_cursor
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection, Pool

PAGE = 50
_FEW = 4_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is asked.

    ``pops`` at the database; ``pop_s`` seconds at ``rate`` a second over HTTP; ``pages`` of each
    kind, the deep ones around page ``deep``; ``rounds`` of ``round_s`` seconds for each way.
    """

    pops: int
    rate: float
    pop_s: float
    pages: int
    deep: int
    rounds: int
    round_s: float
    concurrency: int


async def pops(ground: Ground, centre: Centre, plan: Plan) -> tuple[dict[str, Any], dict[str, Any]]:
    """Who calls? At the database, over HTTP, and the least that PostgreSQL can be asked.

    Twice: ``unread`` of pages that are on the disk as a rule, as on a server that has just begun;
    then with what a pop reads in memory, as on one that has taken calls for a day or was warmed.
    """
    chosen = random.Random(1)
    at_database, select = await _pops_at_database(ground, plan, chosen)
    unread = {
        "at_database": at_database["query"],
        "over_http": (await _pops_over_http(ground, centre, plan, chosen))["boss"],
        "select": select,
    }
    await _into_memory(ground)
    at_database, select = await _pops_at_database(ground, plan, chosen)
    over_http = await _pops_over_http(ground, centre, plan, chosen)
    return {
        "at_database": at_database["query"],
        "transaction": at_database["transaction"],
        "over_http": over_http["boss"],
        "over_http_by_agent": over_http["agent"],
        "rate": plan.rate,
        "unread": unread,
    }, select


async def _pops_at_database(
    ground: Ground, plan: Plan, chosen: random.Random
) -> tuple[dict[str, Any], dict[str, Any]]:
    big = ground.big
    told: dict[str, list[float]] = {"query": [], "transaction": [], "select": []}
    wanted = scope.everything(big.tenant_id)
    dsn = ground.database.dsn("ringway_crm_api")
    owner = ground.database.dsn("ringway_owner")
    async with (
        Pool.open(dsn, max_size=1, application_name="bench") as pool,
        Pool.open(owner, max_size=1, application_name="bench") as plain,
    ):
        for n in range(plan.pops + 20):
            phone = people.phone(chosen.randint(1, big.customers))
            began = perf_counter()
            async with pool.tenant(big.tenant_id) as conn:
                asked = perf_counter()
                found = await lookup.who(
                    conn, scope=wanted, phone_e164=phone, user_id=big.agents[0], limit=10
                )
                answered = perf_counter()
            ended = perf_counter()
            if not found:
                raise RuntimeError(f"{phone} leads to nobody")
            other = people.customer_id(chosen.randint(1, big.customers), big.customers)
            selected = await _timed_select(plain, big.tenant_id, other)
            if n >= 20:  # the first ones prepare the statements
                told["query"].append(1e3 * (answered - asked))
                told["transaction"].append(1e3 * (ended - began))
                told["select"].append(selected)
    return {name: spread(told[name]) for name in ("query", "transaction")}, spread(told["select"])


async def _pops_over_http(
    ground: Ground, centre: Centre, plan: Plan, chosen: random.Random
) -> dict[str, Any]:
    told = {}
    for who, token in (("boss", centre.boss), ("agent", centre.agent)):
        requests = [
            _lookup(people.phone(chosen.randint(1, ground.big.customers)), token)
            for _ in range(int(plan.rate * plan.pop_s))
        ]
        await at_a_rate(centre.port, requests[: int(plan.rate)], plan.rate)
        told[who] = spread(await at_a_rate(centre.port, requests, plan.rate))
    return told


async def _into_memory(ground: Ground) -> None:
    """Let the system read what a pop reads: customers by their id, and their numbers."""
    admin = await ground.admin()
    try:
        folder = Path(await admin.fetchval("SHOW data_directory"))
        files = await admin.fetch(
            """
            SELECT pg_relation_filepath(c.oid) AS path FROM pg_class c
             WHERE c.oid IN ('crm.customer'::regclass, 'crm.customer_number'::regclass)
                OR c.oid IN (SELECT i.indexrelid FROM pg_index i
                              WHERE i.indrelid = 'crm.customer_number'::regclass
                                 OR i.indrelid = 'crm.customer'::regclass AND i.indisprimary)
            """
        )
    finally:
        await admin.close()
    for file in files:
        await asyncio.to_thread(_read, folder / file["path"])


def _read(first: Path) -> None:
    """Read a relation's segments of a gigabyte: ``16384``, ``16384.1`` and so on."""
    for path in (first, *first.parent.glob(f"{first.name}.*")):
        with path.open("rb", buffering=0) as segment:
            while segment.read(1 << 20):
                pass


async def _timed_select(pool: Pool, tenant_id: Any, customer_id: Any) -> float:
    async with pool.platform() as conn:
        began = perf_counter()
        await conn.fetchrow(
            "SELECT * FROM crm.customer WHERE tenant_id = $1 AND customer_id = $2",
            tenant_id,
            customer_id,
        )
        return 1e3 * (perf_counter() - began)


def _lookup(phone: str, token: str) -> bytes:
    return get(f"/api/v1/customers/lookup?{urlencode({'phone': phone})}", token)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: what is asked over HTTP, and the SQL whose rows are its order.

    ``where`` has ``{value}``; ``values`` are what the filter takes, page by page in turn.
    ``order`` are the columns of the place, the last of them the id; ``place`` makes a cursor.
    """

    path: str
    query: dict[str, str]
    table: str
    where: str
    order: tuple[str, ...]
    values: Sequence[str]
    place: Callable[[Sequence[Any]], str]
    descending: bool = False


def listings(ground: Ground) -> dict[str, Listing]:
    """Return the lists that are measured."""
    columns = ground.big.columns
    tier, city = f"{columns['tier']} = '{{value}}'", f"{columns['city']} = '{{value}}'"
    balance, card = columns["balance"], columns["card"]

    def sorted_place(row: Sequence[Any]) -> str:
        return encode_cursor("v", *row)

    return {
        "tier_by_balance": Listing(
            "/customers", {"data": "tier={value}", "sort": "data.balance"}, "customer",
            f"{tier} AND {balance} IS NOT NULL", (balance, "customer_id"), people.TIERS,
            sorted_place,
        ),
        "tier_by_card_down": Listing(
            "/customers", {"data": "tier={value}", "sort": "-data.card"}, "customer",
            f"{tier} AND {card} IS NOT NULL", (card, "customer_id"), people.TIERS,
            sorted_place, True,
        ),
        "city_by_balance": Listing(
            "/customers", {"data": "city={value}", "sort": "data.balance"}, "customer",
            f"{city} AND {balance} IS NOT NULL", (balance, "customer_id"),
            [f"city {n * 37 % people.CITIES}" for n in range(10)], sorted_place,
        ),
        "newest_of_tier": Listing(
            "/customers", {"data": "tier={value}"}, "customer", tier, ("customer_id",),
            people.TIERS, lambda row: encode_cursor(*row), True,
        ),
        "interactions": Listing(
            "/interactions", {"direction": "{value}"}, "interaction", "direction = '{value}'",
            ("interaction_id",), ("inbound", "outbound"), lambda row: encode_cursor(*row), True,
        ),
        "interactions_of_queue": Listing(
            "/interactions", {"queue_id": "{value}"}, "interaction", "queue_id = '{value}'",
            ("interaction_id",), [f"queue-{n}" for n in range(8)],
            lambda row: encode_cursor(*row), True,
        ),
        "interactions_of_number": Listing(
            "/interactions", {"number": "{value}"}, "interaction",
            "(caller = '{value}' OR called = '{value}')", ("interaction_id",),
            [f"+862155501{n}" for n in range(8)], lambda row: encode_cursor(*row), True,
        ),
        "long_interactions": Listing(
            "/interactions", {"min_talk_s": "{value}"}, "interaction", "talk_s >= {value}",
            ("interaction_id",), ("400", "410"), lambda row: encode_cursor(*row), True,
        ),
    }  # fmt: skip


async def pages(
    ground: Ground, centre: Centre, plan: Plan, listing: Listing
) -> tuple[dict[str, Any], dict[str, Any]]:
    """First and deep pages of a list over HTTP, and the deep ones as plain SQL of an owner.

    The places of the deep pages are looked up in SQL by an offset, which must be the row that the
    page before would have ended with: the first row of each page is compared with it. A deep page
    is asked for twice: ``unread`` is the first time, when its rows may not lie in memory, ``deep``
    the second, when they do, as those of the first page do, which many ask for.
    """
    admin = await ground.admin()
    first: list[float] = []
    deep: list[float] = []
    unread: list[float] = []
    plain: list[float] = []
    page = 0
    try:
        each = max(1, plan.pages // len(listing.values))
        for value in listing.values:
            query = {name: text.format(value=value) for name, text in listing.query.items()}
            path = f"/api/v1{listing.path}?{urlencode({**query, 'limit': PAGE})}"
            page, places = await _places(admin, ground, listing, value, plan.deep, each)
            requests: list[bytes] = []
            async with wires(centre.port, 1) as (wire,):
                await wire.ask(get(path, centre.boss))
                for place, follower in places:
                    request = get(f"{path}&cursor={listing.place(place)}", centre.boss)
                    items = (await wire.json(request))["items"] if not requests else None
                    if items is not None and items[0][listing.order[-1]] != follower:
                        raise RuntimeError(f"{path}: the deep page is another one")
                    requests.append(request)
            first += await one_by_one(centre.port, [get(path, centre.boss)] * len(requests))
            unread += await one_by_one(centre.port, requests)
            deep += await one_by_one(centre.port, requests)
            plain += await _plain_pages(admin, ground, listing, value, places)
    finally:
        await admin.close()
    told = {"first": spread(first), "deep": spread(deep), "unread": spread(unread)}
    return {**told, "deep_page": page}, spread(plain)


def _sql(ground: Ground, listing: Listing, value: str) -> tuple[str, str]:
    way = "DESC" if listing.descending else "ASC"
    # Of the table: without its name, an output column of the same name would be meant.
    order = ", ".join(f"t.{column} {way}" for column in listing.order)
    where = f"tenant_id = '{ground.big.tenant_id}' AND {listing.where.format(value=value)}"
    return where, order


async def _places(
    admin: Connection, ground: Ground, listing: Listing, value: str, deep: int, count: int
) -> tuple[int, list[tuple[list[str], str]]]:
    """Return from which page on, and (place, id of the row after it) of ``count`` pages."""
    where, order = _sql(ground, listing, value)
    table, ids = f"crm.{listing.table} t", listing.order[-1]
    rows = await admin.fetchval(f"SELECT count(*) FROM {table} WHERE {where}")
    # Nine tenths of the way, where a list is shorter than that.
    page = max(1, min(deep - 1, int(rows * 0.9) // PAGE - count))
    columns = ", ".join(listing.order)
    # Few rows are sorted sooner than looked for in the order of all.
    how = "MATERIALIZED" if rows < _FEW else "NOT MATERIALIZED"
    found = await admin.fetch(
        f"WITH t AS {how} (SELECT {columns} FROM {table} WHERE {where}) "
        f"SELECT {', '.join(f't.{column}::text' for column in listing.order)} FROM t "
        f"ORDER BY {order} OFFSET {page * PAGE - 1} LIMIT {count * PAGE + 1}"
    )
    steps = range(0, len(found) - 1, PAGE)
    return page + 1, [(list(found[n].values()), found[n + 1][ids]) for n in steps]


async def _plain_pages(
    admin: Connection,
    ground: Ground,
    listing: Listing,
    value: str,
    places: Sequence[tuple[list[str], str]],
) -> list[float]:
    where, order = _sql(ground, listing, value)
    than = "<" if listing.descending else ">"
    key = ", ".join(f"t.{each}" for each in listing.order)
    times_ms = []
    for place, _ in places:
        literals = ", ".join(f"'{text}'" for text in place)
        began = perf_counter()
        await admin.fetch(
            f"SELECT * FROM crm.{listing.table} t WHERE {where} AND "
            f"({key}) {than} ({literals}) ORDER BY {order} LIMIT {PAGE + 1}"
        )
        times_ms.append(1e3 * (perf_counter() - began))
    return times_ms


async def gets(ground: Ground, centre: Centre, plan: Plan) -> tuple[dict[str, Any], dict[str, Any]]:
    """One customer, by turns: from the API, and from the bare ones."""
    big, chosen = ground.big, random.Random(3)
    ids = [
        people.customer_id(chosen.randint(1, big.customers), big.customers) for _ in range(1_000)
    ]
    ways = {
        "api": (centre.port, [get(f"/api/v1/customers/{each}", centre.boss) for each in ids]),
        "bare": (centre.bare_port, [get(f"/customers/{each}") for each in ids]),
        "lean": (centre.bare_port, [get(f"/lean/{each}") for each in ids]),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for port, requests in ways.values():
        await flat_out(port, requests, plan.concurrency, min(2.0, plan.round_s))
    for _ in range(plan.rounds):
        for name, (port, requests) in ways.items():
            rate, times_ms = await flat_out(port, requests, plan.concurrency, plan.round_s)
            rates[name].append(rate)
            times[name] += times_ms
    told = {
        name: {"per_s": round(statistics.median(rates[name]), 1), **spread(times[name])}
        for name in ways
    }
    figures = {
        **told.pop("api"),
        "concurrency": plan.concurrency,
        "to_bare": paired(rates["api"], rates["bare"]),
        "to_bare_without_reset": paired(rates["api"], rates["lean"]),
    }
    return figures, {"bare": told["bare"], "bare_without_reset": told["lean"]}


async def gets_nobody(centre: Centre) -> None:
    """Check that what is measured is guarded: without a token, and of nobody."""
    async with wires(centre.port, 1) as (wire,):
        for request in (get(f"/api/v1/customers/{uuid7()}"),):
            try:
                await wire.ask(request)
            except RuntimeError as refusal:
                if str(refusal).startswith("401"):
                    continue
            raise RuntimeError("a request without a token is answered")
