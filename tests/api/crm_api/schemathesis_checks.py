"""A check of ours for schemathesis, and a hook; named to it by SCHEMATHESIS_HOOKS."""

from __future__ import annotations

import base64
import itertools
import json
import re
from typing import Any
from uuid import uuid4

import schemathesis
from schemathesis import Case, HookContext, Response
from schemathesis.checks import CheckContext
from schemathesis.core.parameters import ParameterLocation

# What a validator of ours says of several fields together, which no schema can say.
_OF_SEVERAL = {"value_error", "assertion_error"}
_IDEMPOTENCY_KEY = "Idempotency-Key"
_TURNS = itertools.count()


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
    if problem["code"] != "validation_failed":
        return  # its errors are lines of a file
    wrong = [each for each in problem["errors"] if each["type"] not in _OF_SEVERAL]
    assert not wrong, f"The schema allows what is refused: {wrong}"


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Let each request be judged by what is in it.

    Boundaries are tried with the same Idempotency-Key again and again: all but the first would be
    refused as another request under a known key, so each request has a key of its own.
    schemathesis makes headers of letters and digits only, so no ETag: what needs one gets ``*``.
    Nor does the one who asks end his own access, by the ids that the API told of him: all that
    follows would be 401.
    """
    headers = case.headers
    if re.fullmatch("[ -~]{1,200}", headers.get(_IDEMPOTENCY_KEY) or ""):
        headers[_IDEMPOTENCY_KEY] = str(uuid4())
    if _may_be_conditional(case):
        named = {each["name"] for each in case.operation.definition.raw.get("parameters", [])}
        is_new = "if-none-match" in named and next(_TURNS) % 2 == 0
        for name in named & {"if-match", "if-none-match"}:
            headers.pop(name, None)
        if "if-match" in named:
            headers["if-none-match" if is_new else "if-match"] = "*"
    own = _own_ids(headers.get("Authorization", ""))
    for name, value in case.path_parameters.items():
        if value in own:
            case.path_parameters[name] = str(uuid4())


def _may_be_conditional(case: Case[Any]) -> bool:
    """Whether nothing is tried with the headers of this request."""
    if case.meta is None:
        return False
    tried = case.meta.components.get(ParameterLocation.HEADER)
    scenario = str(getattr(case.meta.phase.data, "scenario", ""))
    return "missing" not in scenario.lower() and (tried is None or tried.mode.is_positive)


def _own_ids(authorization: str) -> set[str]:
    """Return the ids of the user and of the session of an access token."""
    _, _, token = authorization.partition(" ")
    if token.count(".") != 2:
        return set()
    claims = token.split(".")[1]
    known = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return {known[name] for name in ("sub", "sid") if name in known}
