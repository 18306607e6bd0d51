"""A check of ours for schemathesis, named to it by SCHEMATHESIS_HOOKS."""

from __future__ import annotations

from typing import Any

import schemathesis
from schemathesis import Case, Response
from schemathesis.checks import CheckContext

# What a validator of ours says of several fields together, which no schema can say.
_OF_SEVERAL = {"value_error", "assertion_error"}


@schemathesis.check
def schema_says_what_is_malformed(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """What fits the schema is not refused as malformed, field by field."""
    if (
        response.status_code != 422
        or case.meta is None
        or not case.meta.generation.mode.is_positive
    ):
        return
    problem = response.json()
    wrong = [each for each in problem.get("errors") or [] if each["type"] not in _OF_SEVERAL]
    assert not wrong, f"The schema allows what is refused: {wrong}"
