"""/campaigns/{campaign_id}/screening: what a campaign found out about numbers."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query, Response
from fastapi.responses import StreamingResponse

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.campaigns import service as campaigns
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.errors import BadRequest
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, decode_cursor, encode_cursor
from ringway.crm_api.screening import service, store
from ringway.crm_api.screening.schemas import (
    CleanListBody,
    CleanListView,
    ScreenedNumber,
    ScreeningFilter,
    Verdict,
)
from ringway.proto.dialer_spec import AttemptDisposition, NumberState

router = api_router("/campaigns", "campaigns")
Reader = Annotated[Caller, Depends(requires(Permission.LISTS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.LISTS_WRITE))]
_FIELD = r"^[^:]{1,100}:.{0,1000}$"


class ScreeningForm(StrEnum):
    """How the numbers are written."""

    JSON = "json"
    CSV = "csv"


def _filter(
    verdict: Annotated[list[Verdict], Query(max_length=3)] = [],  # noqa: B006 - never changed
    number_state: Annotated[
        list[NumberState | Literal["none"]],
        Query(max_length=20, description="`none`: the network said nothing known."),
    ] = [],  # noqa: B006
    disposition: Annotated[list[AttemptDisposition], Query(max_length=20)] = [],  # noqa: B006
    attempts_min: Annotated[int | None, Query(ge=1, le=10_000)] = None,
    attempts_max: Annotated[int | None, Query(ge=1, le=10_000)] = None,
    field: Annotated[
        list[Annotated[str, Query(pattern=_FIELD)]],
        Query(max_length=20, description="`name:value` of the lead's own fields, such as city:X."),
    ] = [],  # noqa: B006
) -> ScreeningFilter:
    fields = dict(each.split(":", 1) for each in field)
    if len(fields) < len(field):
        raise BadRequest("field_repeated", "A field can have one value only.")
    return ScreeningFilter(
        verdict=verdict,
        number_state=number_state,
        disposition=disposition,
        attempts_min=attempts_min,
        attempts_max=attempts_max,
        fields=fields,
    )


@router.get(
    "/{campaign_id}/screening",
    response_model=Page[ScreenedNumber],
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def list_screened(
    campaign_id: UUID,
    deps: DepsOf,
    caller: Reader,
    wanted: Annotated[ScreeningFilter, Depends(_filter)],
    form: Annotated[
        ScreeningForm,
        Query(alias="format", description="csv: all of them, as a file; it is audited."),
    ] = ScreeningForm.JSON,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[ScreenedNumber] | Response:
    """List the numbers that the campaign dialed, each by its last attempt.

    Conditions must all hold; a condition that is given several times holds by any of its values.
    """
    campaign = await campaigns.get(deps, caller, campaign_id)
    if form is ScreeningForm.CSV:
        await service.note_export(deps, caller, campaign_id, wanted)
        return StreamingResponse(
            service.lines(deps, caller, campaign_id, campaign.list_ids, wanted),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="screening.csv"'},
        )
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.page(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=campaign_id,
            list_ids=campaign.list_ids,
            wanted=wanted,
            after=_place(cursor),
            limit=limit + 1,
        )
    items = [ScreenedNumber.model_validate(each) for each in found[:limit]]
    if len(found) <= limit:
        return Page(items=items)
    last = store.place_of(found[limit - 1])
    return Page(
        items=items, next_cursor=encode_cursor(last.list_id, last.position, last.phone_e164)
    )


@router.post("/{campaign_id}/screening/list", status_code=201)
async def make_screened_list(
    campaign_id: UUID, wanted: CleanListBody, deps: DepsOf, caller: Writer, response: Response
) -> CleanListView:
    """Make a new list of the numbers that a filter finds; by default of those that are alive.

    A lead with several of them becomes one lead with these numbers, its fields are kept.
    """
    campaign = await campaigns.get(deps, caller, campaign_id)
    made = await service.make_list(deps, caller, campaign_id, campaign.list_ids, wanted)
    response.headers["Location"] = f"/api/v1/lists/{made.list_id}"
    return made


def _place(cursor: str | None) -> store.Place | None:
    if cursor is None:
        return None
    list_id, position, phone_e164 = decode_cursor(cursor, 3)
    if not (position.isascii() and position.isdigit() and len(position) <= 18):
        raise BadRequest("cursor_invalid", "Use next_cursor of the previous page unchanged.")
    return store.Place(list_id, int(position), phone_e164)
