"""/dnc-lists, /consents and what the law refused. The dialer owns and obeys them.

An enterprise's lists count for its campaigns; the national lists that the platform's operator
keeps count for everybody.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import Depends, File, Form, Path, Query, Response, UploadFile
from fastapi.responses import StreamingResponse

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.campaigns import service as campaigns
from ringway.crm_api.core.moments import Day, Moment
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.errors import BadRequest
from ringway.crm_api.law import evidence, service, store
from ringway.crm_api.law.schemas import (
    Abandonment,
    ConsentBody,
    ConsentView,
    ConsentWithdrawal,
    DncAdded,
    DncEntriesBody,
    DncEntryView,
    DncFileReport,
    DncListBody,
    DncListName,
    DncListView,
    NumberAnswer,
    NumberQuestion,
    RefusalCount,
    RefusalCounts,
    RefusalView,
    RetentionBody,
    RetentionView,
)
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, decode_cursor, page_of
from ringway.proto import dialer_law as p
from ringway.proto.base import Done, PhoneE164
from ringway.proto.dialer_spec import ZoneName
from ringway.runtime.ids import uuid7

lists = api_router("/dnc-lists", "law")
consents = api_router("/consents", "law")
router = api_router("", "law")
Reader = Annotated[Caller, Depends(requires(Permission.DNC_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.DNC_WRITE))]
CampaignReader = Annotated[Caller, Depends(requires(Permission.CAMPAIGNS_READ))]
Exporter = Annotated[Caller, Depends(requires(Permission.EVIDENCE_EXPORT))]
ListId = Annotated[
    str,
    Path(pattern=r"^(own|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
         description="`own` is the list that every enterprise has."),
]  # fmt: skip
Phone = Annotated[PhoneE164, Path()]
_MOST_DAYS = 366


@lists.post("", status_code=201)
async def create_dnc_list(
    new: DncListBody, deps: DepsOf, caller: Writer, response: Response
) -> DncListView:
    """Create a list. Those of scope `tenant` count at once for every campaign."""
    list_id = str(uuid7())
    view = await service.put_list(deps, caller, list_id, new.name, new.scope)
    response.headers["Location"] = f"/api/v1/dnc-lists/{list_id}"
    return view


@lists.get("")
async def list_dnc_lists(deps: DepsOf, caller: Reader) -> Page[DncListView]:
    """List the enterprise's lists, then the platform's."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.lists(conn, tenant_id=caller.tenant_id)
    return Page(items=[DncListView.model_validate(each) for each in found])


@lists.get("/{dnc_list_id}")
async def get_dnc_list(dnc_list_id: ListId, deps: DepsOf, caller: Reader) -> DncListView:
    """Return one list."""
    return await service.dnc_list(deps, caller, dnc_list_id)


@lists.put("/{dnc_list_id}")
async def rename_dnc_list(
    dnc_list_id: ListId, wanted: DncListName, deps: DepsOf, caller: Writer
) -> DncListView:
    """Rename a list."""
    found = await service.dnc_list(deps, caller, dnc_list_id)
    return await service.put_list(deps, caller, dnc_list_id, wanted.name, found.scope)


@lists.delete("/{dnc_list_id}", status_code=204)
async def delete_dnc_list(dnc_list_id: ListId, deps: DepsOf, caller: Writer) -> None:
    """Delete a list that no campaign names, with its numbers. The act stays on record."""
    await service.dnc_list(deps, caller, dnc_list_id)
    question = p.DeleteDncListV1(
        occurred_at=deps.now(), tenant=caller.tenant, list_id=dnc_list_id, by=caller.username
    )
    await deps.bus.request(question, Done)
    await service.note(deps, caller, "dnc_list.deleted", dnc_list_id, {})


@lists.post("/{dnc_list_id}/entries")
async def add_dnc_entries(
    dnc_list_id: ListId, wanted: DncEntriesBody, deps: DepsOf, caller: Writer
) -> DncAdded:
    """Add numbers; no call to them starts from now on. `own` is made when it is first needed."""
    if dnc_list_id != "own":
        await service.dnc_list(deps, caller, dnc_list_id)
    question = p.AddDncEntriesV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        list_id=dnc_list_id,
        source="api",
        by=caller.username,
        rows=tuple(p.DncRow.model_validate(row.model_dump()) for row in wanted.entries),
    )
    done = await deps.bus.request(question, p.DncAddedV1)
    detail = {"count": len(wanted.entries), "first": wanted.entries[0].phone_e164}
    await service.note(deps, caller, "dnc_list.added", dnc_list_id, detail)
    return DncAdded(added=done.added)


@lists.get("/{dnc_list_id}/entries")
async def list_dnc_entries(
    dnc_list_id: ListId,
    deps: DepsOf,
    caller: Reader,
    phone_e164: Annotated[PhoneE164 | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[DncEntryView]:
    """List a list's numbers, or look for one. Those of national lists are not listed."""
    await service.dnc_list(deps, caller, dnc_list_id)
    after = decode_cursor(cursor, 1)[0] if cursor is not None else None
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.entries(
            conn,
            tenant_id=caller.tenant_id,
            list_id=dnc_list_id,
            after=after,
            phone_e164=phone_e164,
            limit=limit + 1,
        )
    items = [DncEntryView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.phone_e164)


@lists.delete("/{dnc_list_id}/entries/{phone_e164}", status_code=204)
async def remove_dnc_entry(
    dnc_list_id: ListId,
    phone_e164: Phone,
    deps: DepsOf,
    caller: Writer,
    reason: Annotated[str, Query(max_length=500)] = "",
) -> None:
    """Take a number out. The act stays on record; leads closed for it are due again."""
    await service.dnc_list(deps, caller, dnc_list_id)
    question = p.RemoveDncEntryV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        list_id=dnc_list_id,
        phone_e164=phone_e164,
        reason=reason,
        by=caller.username,
    )
    await deps.bus.request(question, Done)
    await service.note(deps, caller, "dnc_list.removed", dnc_list_id, {"number": phone_e164})


@lists.post("/{dnc_list_id}/file")
async def load_dnc_file(
    dnc_list_id: ListId,
    deps: DepsOf,
    caller: Writer,
    file: Annotated[UploadFile, File(description="Text: one number a line, the rest ignored.")],
    default_region: Annotated[
        str | None,
        Form(pattern="^[A-Z]{2}$", description="Of numbers without country code, such as US."),
    ] = None,
) -> DncFileReport:
    """Read a file of numbers. It replaces a national list at one moment; others grow by it."""
    wanted = await service.dnc_list(deps, caller, dnc_list_id)
    return await service.read_file(
        deps, caller, wanted, file.file, source=file.filename or "", region=default_region
    )


@consents.post("", status_code=201)
async def record_consent(new: ConsentBody, deps: DepsOf, caller: Writer) -> ConsentView:
    """Write a consent down. Leads that waited for it are due again."""
    if new.given_at > deps.now() + dt.timedelta(minutes=5):
        raise BadRequest("given_at_invalid", "A consent is written down after it was given.")
    consent_id = str(uuid7())
    question = p.RecordConsentV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        consent_id=consent_id,
        by=caller.username,
        **new.model_dump(),
    )
    await deps.bus.request(question, Done)
    detail = new.model_dump(mode="json")
    await service.note(deps, caller, "consent.recorded", consent_id, detail)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.consents(
            conn,
            tenant_id=caller.tenant_id,
            phone_e164=new.phone_e164,
            before=None,
            limit=500,
        )
    return ConsentView.model_validate(next(c for c in found if c["consent_id"] == consent_id))


@consents.get("")
async def list_consents(
    deps: DepsOf,
    caller: Reader,
    phone_e164: Annotated[PhoneE164 | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[ConsentView]:
    """List consents with their history, newest first."""
    before = decode_cursor(cursor, 1)[0] if cursor is not None else None
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.consents(
            conn,
            tenant_id=caller.tenant_id,
            phone_e164=phone_e164,
            before=before,
            limit=limit + 1,
        )
    items = [ConsentView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.consent_id)


@consents.post("/withdraw", status_code=204)
async def withdraw_consent(wanted: ConsentWithdrawal, deps: DepsOf, caller: Writer) -> None:
    """End a number's consents for a purpose, or all of them."""
    question = p.WithdrawConsentV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        phone_e164=wanted.phone_e164,
        purpose=wanted.purpose,
        withdrawn_at=wanted.withdrawn_at or deps.now(),
        by=caller.username,
    )
    await deps.bus.request(question, Done)
    detail = wanted.model_dump(mode="json")
    await service.note(deps, caller, "consent.withdrawn", wanted.phone_e164, detail)


@router.post("/numbers/check")
async def check_number(wanted: NumberQuestion, deps: DepsOf, caller: Reader) -> NumberAnswer:
    """Tell whether a number may be dialed now, and if not, why and from when on."""
    if wanted.campaign_id is not None:
        await campaigns.get(deps, caller, wanted.campaign_id)
    question = p.CheckNumberV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        phone_e164=wanted.phone_e164,
        campaign_id=str(wanted.campaign_id) if wanted.campaign_id is not None else None,
        zone=wanted.zone,
    )
    answer = await deps.bus.request(question, p.NumberCheckedV1)
    return NumberAnswer(
        is_allowed=answer.is_allowed,
        reason=answer.reason,
        until=answer.until,
        zones=list(answer.zones),
    )


@router.get("/campaigns/{campaign_id}/refusals")
async def list_refusals(
    campaign_id: UUID,
    deps: DepsOf,
    caller: CampaignReader,
    reason: p.RefusalReason | None = None,
    phone_e164: Annotated[PhoneE164 | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[RefusalView]:
    """List the leads that were due and were not dialed, each with its one reason, newest first."""
    await campaigns.get(deps, caller, campaign_id)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.refusals(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=campaign_id,
            reason=reason,
            phone_e164=phone_e164,
            before=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [RefusalView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.refusal_id)


@router.get("/campaigns/{campaign_id}/refusals/counts")
async def count_refusals(
    campaign_id: UUID,
    deps: DepsOf,
    caller: CampaignReader,
    begins: Annotated[Moment | None, Query(alias="from")] = None,
    ends: Annotated[Moment | None, Query(alias="to")] = None,
) -> RefusalCounts:
    """Count refusals by reason; without times all of them."""
    await campaigns.get(deps, caller, campaign_id)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.refusal_counts(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=campaign_id,
            begins=begins or dt.datetime(2000, 1, 1, tzinfo=dt.UTC),
            ends=ends or dt.datetime(9000, 1, 1, tzinfo=dt.UTC),
        )
    return RefusalCounts(items=[RefusalCount.model_validate(each) for each in found])


@router.get("/campaigns/{campaign_id}/abandonment")
async def get_abandonment(
    campaign_id: UUID,
    deps: DepsOf,
    caller: CampaignReader,
    first: Annotated[Day, Query(alias="from")],
    last: Annotated[Day, Query(alias="to")],
    zone: Annotated[ZoneName | None, Query(description="Null: the campaign's.")] = None,
) -> Abandonment:
    """Tell how many live answers were abandoned, by day and half hour, against the cap."""
    _check_days(first, last)
    return await service.abandonment(deps, caller, campaign_id, first, last, zone)


@router.get("/evidence/retention")
async def get_retention(deps: DepsOf, caller: Exporter) -> RetentionView:
    """Return for how long refusals and changes of lists are kept."""
    question = p.GetRetentionV1(occurred_at=deps.now(), tenant=caller.tenant)
    return RetentionView.model_validate(await deps.bus.request(question, p.RetentionV1))


@router.put("/evidence/retention")
async def put_retention(wanted: RetentionBody, deps: DepsOf, caller: Exporter) -> RetentionView:
    """Keep refusals and changes of lists for so many days, then remove them for good.

    The addition of a number that is still on its list is kept for as long as it is.
    """
    question = p.PutRetentionV1(
        occurred_at=deps.now(), tenant=caller.tenant, by=caller.username, **wanted.model_dump()
    )
    await deps.bus.request(question, Done)
    await service.note(deps, caller, "evidence.retention", "", wanted.model_dump())
    return await get_retention(deps, caller)


@router.get(
    "/evidence",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                "application/jsonl": {"schema": {"type": "string"}},
                "text/csv": {"schema": {"type": "string"}},
            }
        }
    },
)
async def export_evidence(
    deps: DepsOf,
    caller: Exporter,
    first: Annotated[Day, Query(alias="from")],
    last: Annotated[Day, Query(alias="to", description="Included; days of UTC.")],
    campaign_id: UUID | None = None,
    phone_e164: Annotated[PhoneE164 | None, Query()] = None,
    form: evidence.Form = evidence.Form.JSON_LINES,
) -> StreamingResponse:
    """Export everything about a campaign or a number within days. The export is audited.

    Attempts with time, zone, local time, caller id, outcome and recordings; refusals; changes of
    lists; consents; abandonment by day and half hour. One record a line, told by its `kind`.
    """
    _check_days(first, last)
    if campaign_id is None and phone_e164 is None:
        raise BadRequest("scope_missing", "Name a campaign or a number.")
    zone, books = "UTC", None
    if campaign_id is not None:
        zone = (await campaigns.get(deps, caller, campaign_id)).schedule.zone
        books = await service.abandonment(deps, caller, campaign_id, first, last, None)
    scope = store.Scope(
        campaign_id=str(campaign_id) if campaign_id is not None else None,
        phone_e164=phone_e164,
        begins=dt.datetime.combine(first, dt.time(), dt.UTC),
        ends=dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), dt.UTC),
    )
    detail = {"from": str(first), "to": str(last), "number": phone_e164, "form": form.value}
    await service.note(deps, caller, "evidence.exported", scope.campaign_id or "", detail)
    media = "text/csv" if form is evidence.Form.CSV else "application/jsonl"
    name = f"evidence-{first}-{last}.{form}"
    return StreamingResponse(
        evidence.lines(deps, caller, scope, books, zone, form),
        media_type=f"{media}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _check_days(first: dt.date, last: dt.date) -> None:
    if not first <= last or (last - first).days >= _MOST_DAYS:
        raise BadRequest(
            "period_invalid", "Choose days from an earlier to a later one, 366 at most."
        )
