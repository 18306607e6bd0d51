"""Why a query is not carried out."""

from __future__ import annotations


class QueryRefused(Exception):
    """A query makes no sense to this caller.

    A field that is hidden from him and one that does not exist are refused alike.

    Args:
        code: snake_case and stable.
        detail: For the human: what is wrong, in words of the query itself.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def field_unknown(path: str) -> QueryRefused:
    """Return the refusal of a field that does not exist for this caller."""
    return QueryRefused("querier_field_unknown", f"There is no field {path[:200]} here.")


def source_unknown(name: str) -> QueryRefused:
    """Return the refusal of a source that does not exist for this caller."""
    return QueryRefused("querier_source_unknown", f"There is no source {name[:100]} here.")
