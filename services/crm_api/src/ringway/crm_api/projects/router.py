"""/projects: what campaigns belong to. The dialer owns them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.errors import NotFound
from ringway.crm_api.projects import store
from ringway.crm_api.projects.schemas import ProjectBody, ProjectView
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of
from ringway.proto.base import Done, Reply
from ringway.proto.dialer import PutProjectV1, RemoveProjectV1
from ringway.runtime.ids import uuid7

router = api_router("/projects", "projects")
Reader = Annotated[Caller, Depends(requires(Permission.CAMPAIGNS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.CAMPAIGNS_WRITE))]


@router.post("", status_code=201)
async def create_project(
    new: ProjectBody, deps: DepsOf, caller: Writer, response: Response
) -> ProjectView:
    """Create a project."""
    project_id = uuid7()
    view = await _put(deps, caller, project_id, new)
    response.headers["Location"] = f"/api/v1/projects/{project_id}"
    return view


@router.get("")
async def list_projects(
    deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[ProjectView]:
    """List projects, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        projects = await store.page(
            conn, tenant_id=caller.tenant_id, before=cursor_uuid(cursor), limit=limit + 1
        )
    items = [ProjectView.model_validate(project) for project in projects]
    return page_of(items, limit, lambda last: last.project_id)


@router.get("/{project_id}")
async def get_project(project_id: UUID, deps: DepsOf, caller: Reader) -> ProjectView:
    """Return one project."""
    return await _get(deps, caller, project_id)


@router.put("/{project_id}")
async def rename_project(
    project_id: UUID, wanted: ProjectBody, deps: DepsOf, caller: Writer
) -> ProjectView:
    """Rename a project."""
    await _get(deps, caller, project_id)
    return await _put(deps, caller, project_id, wanted)


@router.delete("/{project_id}", status_code=204)
async def remove_project(project_id: UUID, deps: DepsOf, caller: Writer) -> None:
    """Remove a project without campaigns. Calls of campaigns that were removed keep its name.

    409 `project_in_use` while a campaign is in it.
    """
    present = await _get(deps, caller, project_id)
    now = deps.now()
    question = RemoveProjectV1(occurred_at=now, tenant=caller.tenant, project_id=str(project_id))
    await deps.bus.request(question, Done)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=now,
            action="project.removed",
            object_type="project",
            object_id=project_id,
            detail={"name": present.name},
        )


async def _get(deps: Deps, caller: Caller, project_id: UUID) -> ProjectView:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        project = await store.get(conn, tenant_id=caller.tenant_id, project_id=project_id)
    if project is None:
        raise NotFound("project_not_found", f"There is no project {project_id}.")
    return ProjectView.model_validate(project)


async def _put(deps: Deps, caller: Caller, project_id: UUID, wanted: ProjectBody) -> ProjectView:
    question = PutProjectV1(
        occurred_at=deps.now(), tenant=caller.tenant, project_id=str(project_id), name=wanted.name
    )
    await deps.bus.request(question, Reply)
    return await _get(deps, caller, project_id)
