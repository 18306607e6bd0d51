"""Fixtures that start real servers, and the rule that every module says its level."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.support.nats import NatsServer
from tests.support.postgres import Database, PostgresServer
from tests.support.shared import FAILED
from tests.support.stack import running_installation

from ringway.cli.installation import Installation

# How long an example takes says more about the machine's other work than about the code.
settings.register_profile("ringway", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ringway")

# In this order: what is quick and tells most comes first.
LEVELS = ("unit", "property", "contract", "api", "integration", "e2e")

MakeDatabase = Callable[..., Awaitable[Database]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="run the long tests, too")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wrong: dict[str, list[str]] = {}
    for item in items:
        levels = sorted({mark.name for mark in item.iter_markers()} & set(LEVELS))
        if len(levels) != 1:
            wrong[str(item.path)] = levels
        obj = getattr(item, "obj", None)
        if not item.get_closest_marker("timeout"):
            if getattr(obj, "is_hypothesis_test", False):
                # Many examples in one test: on a busy machine they need more than one test's time.
                item.add_marker(pytest.mark.timeout(120))
            elif levels in (["api"], ["integration"]):
                # A database of its own comes first, with the tables of four services.
                item.add_marker(pytest.mark.timeout(90))
        if item.get_closest_marker("soak") and not config.getoption("--soak"):
            item.add_marker(pytest.mark.skip(reason="only with --soak"))
    if wrong:
        lines = [f"{path}: {levels or 'none'}" for path, levels in sorted(wrong.items())]
        raise pytest.UsageError(
            "a test module carries exactly one level marker (pytestmark): " + "; ".join(lines)
        )
    first = _what_may_last(items) if hasattr(config, "workerinput") else {}
    # Stable: what is alike stays in its random order.
    items.sort(
        key=lambda item: (
            LEVELS.index(next(m.name for m in item.iter_markers() if m.name in LEVELS)),
            first.get(item.path, (0.0, 0)),
        )
    )


def _what_may_last(items: list[pytest.Item]) -> dict[Path, tuple[float, int]]:
    """Return the place of each module among several workers: the longest first.

    A worker takes whole modules: who takes a long one last works on while the others have ended.
    """
    limits: dict[Path, list[float]] = {}
    for item in items:
        marker = item.get_closest_marker("timeout")
        limits.setdefault(item.path, []).append(marker.args[0] if marker else 0.0)
    return {path: (-max(each), -len(each)) for path, each in limits.items()}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """The session's PostgreSQL. Whoever kills it need not start it for others."""
    server = PostgresServer(tmp_path_factory.mktemp("postgres"))
    asyncio.run(server.start())
    yield server
    server.stop()


@pytest.fixture
async def make_database(postgres: PostgresServer) -> AsyncIterator[MakeDatabase]:
    """Makes fresh databases: ``await make_database("dialer")`` has the dialer's migrations."""
    async with AsyncExitStack() as stack:

        async def make(*services: str) -> Database:
            database = await postgres.create_database(services)
            stack.push_async_callback(postgres.drop_database, database)
            return database

        yield make


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """A NATS server of this test alone."""
    server = NatsServer(tmp_path / "nats")
    await server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The run's one shared installation: every part real, on free ports."""
    with running_installation(tmp_path_factory.mktemp("stack")) as installation:
        yield installation
