"""Results as files: CSV and XLSX, written while they are read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from ringway.crm_api.access import Caller
from ringway.crm_api.core.queriers.query import Query
from ringway.crm_api.deps import Deps
from ringway.crm_api.queriers import running
from ringway.crm_api.tables.writer import Cell, Format, writer


async def lines(
    deps: Deps, caller: Caller, query: Query, heads: list[str], form: Format
) -> AsyncIterator[bytes]:
    """Yield the file. Texts that a spreadsheet would run are defused."""
    made = writer(form)
    yield made.begin(heads)
    async with running.session(deps, caller) as session:
        async for block in session.stream(query):
            if part := made.rows([[_cell(each) for each in row] for row in block]):
                yield part
    yield made.end()


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str | int | float):
        return value
    return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)
