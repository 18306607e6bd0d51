"""/queriers: saved questions, asked with the rights of whoever asks."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.queriers.query import MAX_ROWS
from ringway.crm_api.core.queriers.values import OPERATORS
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.errors import Conflict, Invalid, PreconditionFailed
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.queriers import analysis, export, running, service, settings_store
from ringway.crm_api.queriers.schemas import (
    AnswerView,
    FieldView,
    FoundView,
    ImportBody,
    PreviewBody,
    ProblemsBody,
    ProblemsView,
    QuerierBody,
    QuerierView,
    ReferenceView,
    RunBody,
    SettingsBody,
    SettingsView,
    SourceView,
    TemplateView,
)
from ringway.crm_api.queriers.templates import templates
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, Text, cursor_uuid, page_of
from ringway.crm_api.tables.writer import MEDIA_TYPES, Format
from ringway.proto.exact import Measured

router = api_router("/queriers", "queriers")
sources = api_router("/querier-sources", "queriers")
shipped = api_router("/querier-templates", "queriers")
settings = api_router("/querier-settings", "queriers")
everything = api_router("/search", "queriers")
Reader = Annotated[Caller, Depends(requires(Permission.QUERIERS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.QUERIERS_WRITE))]
Exporter = Annotated[Caller, Depends(requires(Permission.QUERIERS_EXPORT))]


@sources.get("")
async def list_querier_sources(deps: DepsOf, caller: Reader) -> Page[SourceView]:
    """List what the caller may ask: sources, their fields, and what paths can follow."""
    async with running.session(deps, caller) as session:
        known = session.catalogue
    items = [
        SourceView(
            name=each.name,
            label_en=each.label_en,
            label_zh=each.label_zh,
            key=each.key,
            fields=[
                FieldView(
                    name=field.name,
                    kind=field.kind,
                    label_en=field.label_en,
                    label_zh=field.label_zh,
                    operators=sorted(OPERATORS[field.kind]),
                    options=list(field.options),
                )
                for field in each.fields.values()
            ],
            references=[
                ReferenceView.model_validate(reference)
                for reference in each.references.values()
                if reference.source in known
            ],
        )
        for each in known.values()
    ]
    return Page(items=items)


@settings.get("")
async def get_querier_settings(deps: DepsOf, caller: Reader, response: Response) -> SettingsView:
    """Return where the enterprise's days begin."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await settings_store.get(conn, tenant_id=caller.tenant_id)
    set_etag(response, found.version)
    return SettingsView.model_validate(found)


@settings.put("")
async def put_querier_settings(
    wanted: SettingsBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> SettingsView:
    """Set where the enterprise's days begin; schedules keep the zone that they have."""
    version = expected_version(if_match)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        before = await settings_store.get(conn, tenant_id=caller.tenant_id)
        if version in (None, before.version) and before.zone == wanted.zone:
            set_etag(response, before.version)
            return SettingsView.model_validate(before)
        made = await settings_store.put(
            conn, tenant_id=caller.tenant_id, zone=wanted.zone, version=version, now=deps.now()
        )
        present = await settings_store.get(conn, tenant_id=caller.tenant_id)
    if made is None:
        raise PreconditionFailed(
            "settings_changed",
            "The settings were changed meanwhile; `current` is what they are now.",
            extra={"current": SettingsView.model_validate(present).model_dump(mode="json")},
        )
    set_etag(response, made.version)
    return SettingsView.model_validate(made)


@router.post("", status_code=201)
async def create_querier(
    new: QuerierBody, deps: DepsOf, caller: Writer, response: Response
) -> QuerierView:
    """Save a question. Whoever it is shared with asks it with his own rights, not the owner's."""
    made = await service.create(deps, caller, new)
    set_etag(response, made.version)
    response.headers["Location"] = f"/api/v1/queriers/{made.querier_id}"
    return made


@router.get("")
async def list_queriers(
    deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[QuerierView]:
    """List one's own queriers and those that are shared with one, newest first."""
    found = await service.page(deps, caller, cursor_uuid(cursor), limit + 1)
    return page_of(found, limit, lambda last: last.querier_id)


@router.get("/{querier_id}")
async def get_querier(
    querier_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> QuerierView:
    """Return one querier."""
    found = await service.get(deps, caller, querier_id)
    set_etag(response, found.version)
    return found


@router.put("/{querier_id}")
async def change_querier(
    querier_id: UUID,
    wanted: QuerierBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> QuerierView:
    """Change one's own querier. `If-Match` is required."""
    version = expected_version(if_match, required=True)
    changed = await service.change(deps, caller, querier_id, version, wanted)
    set_etag(response, changed.version)
    return changed


@router.delete("/{querier_id}", status_code=204)
async def delete_querier(
    querier_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Remove one's own querier with its schedules and what they found."""
    await service.remove(deps, caller, querier_id, expected_version(if_match))


@router.post("/preview")
async def preview_query(wanted: PreviewBody, deps: DepsOf, caller: Writer) -> AnswerView:
    """Ask a question without saving it."""
    return await service.ask(deps, caller, wanted.query, wanted)


@router.post("/problems")
async def find_problems(wanted: ProblemsBody, deps: DepsOf, caller: Writer) -> ProblemsView:
    """Put the texts of rows together by what they speak of: frequent and typical problems."""
    return await analysis.frequent(deps, caller, wanted)


@router.post("/{querier_id}/run")
async def run_querier(querier_id: UUID, how: RunBody, deps: DepsOf, caller: Reader) -> AnswerView:
    """Ask a saved question now, with one's own rights."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        query = service.question(await service.find(conn, caller, querier_id))
    return await service.ask(deps, caller, query, how)


@router.get(
    "/{querier_id}/export",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                MEDIA_TYPES[Format.XLSX]: {"schema": {"type": "string", "format": "binary"}},
            }
        }
    },
)
async def export_querier(
    querier_id: UUID,
    deps: DepsOf,
    caller: Exporter,
    form: Annotated[Format, Query(alias="format")] = Format.CSV,
) -> StreamingResponse:
    """Return the whole result as a file, at most 100,000 rows. It is audited."""
    async with running.session(deps, caller) as session:
        query = service.question(await service.find(session.conn, caller, querier_id))
        columns = session.columns(query)
        rows = await session.count(query, most=MAX_ROWS + 1)
    if rows > MAX_ROWS:
        raise Conflict("querier_too_many_rows", f"A file has at most {MAX_ROWS} rows.")
    await analysis.note_export(deps, caller, querier_id, query.source, rows, form)
    heads = [each.label or each.name for each in columns]
    return StreamingResponse(
        export.lines(deps, caller, query, heads, form),
        media_type=MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="result.{form}"'},
    )


@shipped.get("")
async def list_querier_templates(deps: DepsOf, caller: Reader) -> Page[TemplateView]:
    """List the queriers that are shipped. There is one page."""
    items = []
    async with running.session(deps, caller) as session:
        for each in templates().values():
            try:
                session.columns(each.query)
                is_usable = True
            except Invalid:
                is_usable = False
            shown = {
                name: getattr(each, name)
                for name in TemplateView.model_fields
                if name != "is_usable"
            }
            items.append(TemplateView(**shown, is_usable=is_usable))
    return Page(items=items)


@shipped.post("/import", status_code=201)
async def import_querier_template(
    chosen: ImportBody, deps: DepsOf, caller: Writer, response: Response
) -> QuerierView:
    """Make a querier of one's own from a shipped one, shared with the roles that it is for."""
    known = templates().get(chosen.template)
    if known is None:
        raise Invalid("template_unknown", f"There is no template {chosen.template}.")
    new = QuerierBody(
        name=chosen.name or known.name_en,
        description=known.description,
        query=known.query,
        shared_roles=list(known.shared_roles),
    )
    made = await service.create(deps, caller, new, known.template)
    set_etag(response, made.version)
    response.headers["Location"] = f"/api/v1/queriers/{made.querier_id}"
    return made


@everything.get("")
async def search_everything(
    deps: DepsOf,
    caller: Reader,
    text: Annotated[
        Text,
        Field(min_length=2, max_length=100),
        Measured(),
        Query(alias="q", description="A part, in any case."),
    ],
    only: Annotated[
        list[str] | None, Query(alias="source", max_length=20, description="Left out: all.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=50, description="Of each source.")] = 10,
) -> FoundView:
    """Look for a name, number or word in all business, customer and service data that one sees."""
    return await analysis.search(deps, caller, text, only or [], limit)
