"""ETag and If-Match: two people who edit one record do not overwrite each other."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated

from fastapi import Header, Response
from pydantic import BaseModel

from ringway.crm_api.errors import BadRequest, PreconditionRequired

IfMatch = Annotated[
    str | None, Header(description="The ETag of the version that is changed.", max_length=100)
]
_VERSION = re.compile(r'"([0-9]{1,9})"')


def set_etag(response: Response, version: int) -> None:
    """Say which version the response shows."""
    response.headers["ETag"] = f'"{version}"'


def says_nothing_new(shown: BaseModel, wanted: BaseModel, *, apart: Collection[str] = ()) -> bool:
    """Whether what is wanted of something is what it is: then nothing is changed.

    No new version, no history and no event come of it, and whoever reads it keeps his ETag.

    Args:
        shown: What GET tells.
        apart: Names that are wanted but never shown, such as secrets.
    """
    asked = wanted.model_dump(mode="json", exclude=set(apart))
    return shown.model_dump(mode="json", include=set(asked)) == asked


def expected_version(if_match: str | None, *, required: bool = False) -> int | None:
    """Return the version in If-Match; None for ``*`` or, when it is not required, none given.

    Raises:
        BadRequest: It is not an ETag of ours.
        PreconditionRequired: It is required and missing.
    """
    if if_match is None:
        if required:
            raise PreconditionRequired(
                "if_match_required", "Send the ETag of the version you change as If-Match."
            )
        return None
    if if_match.strip() == "*":
        return None
    match = _VERSION.fullmatch(if_match.strip())
    if match is None:
        raise BadRequest("if_match_invalid", "If-Match must be the ETag as it was sent.")
    return int(match.group(1))
