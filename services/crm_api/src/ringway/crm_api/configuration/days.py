"""POST /calendars/{id}/days: holidays and make-up workdays from a CSV file."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from typing import Annotated

from fastapi import Depends, File, Form, Response, UploadFile

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.configuration import service
from ringway.crm_api.core.calendar_days import days_from_rows
from ringway.crm_api.core.moments import Moment
from ringway.crm_api.deps import DepsOf, requires
from ringway.crm_api.errors import Invalid, PreconditionFailed
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import View
from ringway.proto.acd_config import Calendar, Day
from ringway.proto.base import Token

router = api_router("/calendars", "calendars")
Writer = Annotated[Caller, Depends(requires(Permission.ROUTING_WRITE))]

_TRIES = 3
_SHOWN = 100
_MAX_DAYS = 2000
# Before GB18030, because text in UTF-8 can look like it but hardly the other way round.
_ENCODINGS = ("utf-8-sig", "gb18030")
_DELIMITERS = ",;\t|"


class DaysImported(View):
    """What an import changed in the calendar."""

    added: int
    replaced: int
    removed: int
    days: int
    changed_at: Moment


@router.post("/{calendar_id}/days")
async def import_calendar_days(
    calendar_id: Token,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    file: Annotated[UploadFile, File(description="CSV with date, name, like, slots.")],
    replace_all: Annotated[
        bool, Form(description="Days that the file does not name are removed.")
    ] = False,
    if_match: IfMatch = None,
) -> DaysImported:
    """Import holidays and make-up workdays. All rows are taken or, with a bad one, none.

    `like` is a weekday whose hours apply, `slots` are hours such as `09:00-12:00 13:00-18:00`; a
    day with neither is closed. The text is UTF-8 or GB18030, the delimiter a comma, semicolon,
    tab or bar. Refused with `rows_invalid`, and each bad row's line, column, code and reason.
    """
    wanted = expected_version(if_match)
    await service.get(deps, caller, "calendar", calendar_id)  # before what is wrong with the file
    days, errors = days_from_rows(_rows(_text(await file.read())))
    if errors:
        raise Invalid(
            "rows_invalid",
            f"{len(errors)} rows cannot be read, the first in line {errors[0].line}: "
            f"{errors[0].reason} Nothing was changed.",
            extra={"errors": [asdict(error) for error in errors[:_SHOWN]]},
        )
    for tries_left in reversed(range(_TRIES)):
        stored = await service.get(deps, caller, "calendar", calendar_id)
        before = Calendar.model_validate(stored.body)
        merged = _merged(before, days, replace_all=replace_all)
        try:
            put = await service.put(
                *(deps, caller, calendar_id, merged),
                stored.version if wanted is None else wanted,
            )
        except PreconditionFailed:
            if wanted is not None or not tries_left:
                raise
            continue
        break
    set_etag(response, put.version)
    old, new = {day.date for day in before.days}, {day.date for day in merged.days}
    named = {day.date for day in days}
    return DaysImported(
        added=len(named - old),
        replaced=len(named & old),
        removed=len(old - new),
        days=len(new),
        changed_at=put.changed_at,
    )


def _merged(calendar: Calendar, days: list[Day], *, replace_all: bool) -> Calendar:
    by_date = {} if replace_all else {day.date: day for day in calendar.days}
    by_date |= {day.date: day for day in days}
    if len(by_date) > _MAX_DAYS:
        raise Invalid(
            "days_too_many", f"A calendar holds {_MAX_DAYS} days; remove those that are past."
        )
    return calendar.model_copy(update={"days": tuple(by_date[key] for key in sorted(by_date))})


def _text(raw: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid("file_encoding_unknown", "The text is neither UTF-8 nor GB18030.")


def _rows(text: str) -> list[tuple[int, list[str]]]:
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=lambda char: (first.count(char), char == ","))
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    try:
        return [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise Invalid(
            "file_invalid", f"Line {reader.line_num} cannot be read as CSV: {error}."
        ) from error
