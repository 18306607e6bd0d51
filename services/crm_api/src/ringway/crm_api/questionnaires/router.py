"""/questionnaires: designing them, and what was answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from fastapi.responses import StreamingResponse

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.moments import Moment
from ringway.crm_api.core.questionnaires.design import AnswerKind, DesignedQuestion
from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.errors import Invalid, NotFound
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.questionnaires import designs, results, store
from ringway.crm_api.questionnaires.schemas import (
    CrossTable,
    DesignCheck,
    QuestionnaireBody,
    QuestionnaireResults,
    QuestionnaireRunState,
    QuestionnaireRunSummary,
    QuestionnaireSummary,
    QuestionnaireVersion,
    QuestionnaireView,
)
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of

router = api_router("/questionnaires", "questionnaires")
Reader = Annotated[Caller, Depends(requires(Permission.QUESTIONNAIRES_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.QUESTIONNAIRES_WRITE))]
Asker = Annotated[Caller, Depends(requires(Permission.QUESTIONNAIRES_RUN))]
Number = Annotated[int | None, Query(ge=1, le=1_000_000, description="A version; null: the last.")]


@router.post("", status_code=201)
async def create_questionnaire(
    new: QuestionnaireBody, deps: DepsOf, caller: Writer, response: Response
) -> QuestionnaireView:
    """Begin to design a questionnaire. A draft may have faults; publishing it may not."""
    view = await designs.put(deps, caller, None, None, new)
    set_etag(response, view.version)
    response.headers["Location"] = f"/api/v1/questionnaires/{view.questionnaire_id}"
    return view


@router.get("")
async def list_questionnaires(
    deps: DepsOf,
    caller: Asker,
    with_archived: bool = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[QuestionnaireSummary]:
    """List questionnaires."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.page(
            conn,
            tenant_id=caller.tenant_id,
            after=cursor_uuid(cursor),
            with_archived=with_archived,
            limit=limit + 1,
        )
    items = [QuestionnaireSummary.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.questionnaire_id)


@router.get("/{questionnaire_id}")
async def get_questionnaire(
    questionnaire_id: UUID, deps: DepsOf, caller: Asker, response: Response
) -> QuestionnaireView:
    """Return a questionnaire with its draft."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        view = await designs.view(conn, caller.tenant_id, questionnaire_id)
    set_etag(response, view.version)
    return view


@router.put("/{questionnaire_id}")
async def change_questionnaire(
    questionnaire_id: UUID,
    wanted: QuestionnaireBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> QuestionnaireView:
    """Change the draft. Interviews go on with the version with which they began."""
    version = expected_version(if_match, required=True)
    view = await designs.put(deps, caller, questionnaire_id, version, wanted)
    set_etag(response, view.version)
    return view


@router.delete("/{questionnaire_id}", status_code=204)
async def archive_questionnaire(
    questionnaire_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Let nobody be asked any more. What was answered stays; publishing it again brings it back."""
    await designs.archive(deps, caller, questionnaire_id, expected_version(if_match))


@router.get("/{questionnaire_id}/check")
async def check_questionnaire(questionnaire_id: UUID, deps: DepsOf, caller: Writer) -> DesignCheck:
    """Say what is wrong with the draft: ways that never end, questions that nobody is asked."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        _, draft = await designs.find(conn, caller.tenant_id, questionnaire_id)
    return designs.check(draft)


@router.post("/{questionnaire_id}/versions", status_code=201)
async def publish_questionnaire(
    questionnaire_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> QuestionnaireVersion:
    """Make a version of the draft: it is asked from now on, and never changes."""
    return await designs.publish(deps, caller, questionnaire_id, expected_version(if_match))


@router.get("/{questionnaire_id}/versions")
async def list_questionnaire_versions(
    questionnaire_id: UUID, deps: DepsOf, caller: Asker
) -> list[QuestionnaireVersion]:
    """List the last hundred published versions, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await designs.find(conn, caller.tenant_id, questionnaire_id)
        found = await store.versions(
            conn,
            tenant_id=caller.tenant_id,
            questionnaire_id=questionnaire_id,
            number=None,
            limit=100,
        )
    return [QuestionnaireVersion.model_validate(each) for each in found]


@router.get("/{questionnaire_id}/runs")
async def list_questionnaire_runs(
    questionnaire_id: UUID,
    deps: DepsOf,
    caller: Reader,
    state: QuestionnaireRunState | None = None,
    agent_id: UUID | None = None,
    customer_id: UUID | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[QuestionnaireRunSummary]:
    """List the interviews of a questionnaire, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await designs.find(conn, caller.tenant_id, questionnaire_id)
        found = await store.runs(
            conn,
            scope=scopes.of(caller),
            questionnaire_id=questionnaire_id,
            before=cursor_uuid(cursor),
            state=state,
            agent_id=agent_id,
            customer_id=customer_id,
            limit=limit + 1,
        )
    items = [QuestionnaireRunSummary.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.run_id)


def _scope(
    questionnaire_id: UUID,
    number: Number = None,
    begins_at: Annotated[Moment | None, Query(alias="from")] = None,
    ends_at: Annotated[Moment | None, Query(alias="to")] = None,
    with_unfinished: Annotated[
        bool, Query(description="Also answers of interviews that are not finished.")
    ] = False,
) -> results.Scope:
    return results.Scope(questionnaire_id, number, begins_at, ends_at, with_unfinished)


Scope = Annotated[results.Scope, Depends(_scope)]


@router.get("/{questionnaire_id}/results")
async def get_questionnaire_results(
    deps: DepsOf, caller: Reader, scope: Scope
) -> QuestionnaireResults:
    """Count what was answered, with shares, by question of one version."""
    version = await _version(deps, caller, scope)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        return await results.results(
            conn,
            tenant_id=caller.tenant_id,
            scope=_of_version(scope, version.number),
            design=version.design,
            number=version.number,
        )


@router.get("/{questionnaire_id}/cross-table")
async def get_questionnaire_cross_table(
    deps: DepsOf,
    caller: Reader,
    scope: Scope,
    row: Annotated[str, Query(max_length=40, description="The key of a question.")],
    column: Annotated[str, Query(max_length=40, description="The key of another.")],
) -> CrossTable:
    """Count which answers to one question go with which to another."""
    version = await _version(deps, caller, scope)
    asked = {
        each.key: each for each in version.design.questions if each.kind is not AnswerKind.TEXT
    }
    async with deps.pool.tenant(caller.tenant_id) as conn:
        return await results.cross(
            conn,
            tenant_id=caller.tenant_id,
            scope=_of_version(scope, version.number),
            row=_known(asked, row),
            column=_known(asked, column),
        )


@router.get(
    "/{questionnaire_id}/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def export_questionnaire(deps: DepsOf, caller: Reader, scope: Scope) -> StreamingResponse:
    """Return all interviews as a CSV file, of one version or of all. It is audited."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await designs.find(conn, caller.tenant_id, scope.questionnaire_id)
        found = await store.versions(
            conn,
            tenant_id=caller.tenant_id,
            questionnaire_id=scope.questionnaire_id,
            number=scope.number,
            limit=1_000,
        )
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="questionnaire.exported",
            object_type="questionnaire",
            object_id=scope.questionnaire_id,
            detail={"number": scope.number, "with_unfinished": scope.with_unfinished},
        )
    keys = dict.fromkeys(question.key for each in found for question in each["design"].questions)
    return StreamingResponse(
        _lines(deps, caller, scope, list(keys)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="questionnaire.csv"'},
    )


async def _lines(
    deps: Deps, caller: Caller, scope: results.Scope, keys: list[str]
) -> AsyncIterator[bytes]:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        seen = scopes.of(caller)
        async for block in results.lines(conn, seen=seen, scope=scope, keys=keys):
            yield block


async def _version(deps: Deps, caller: Caller, scope: results.Scope) -> QuestionnaireVersion:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present, _ = await designs.find(conn, caller.tenant_id, scope.questionnaire_id)
        number = scope.number or present.latest
        if not number:
            raise NotFound("version_not_found", "No version of it was published.")
        return await designs.of_number(conn, caller.tenant_id, scope.questionnaire_id, number)


def _of_version(scope: results.Scope, number: int) -> results.Scope:
    return results.Scope(
        scope.questionnaire_id, number, scope.begins, scope.ends, scope.with_unfinished
    )


def _known(asked: dict[str, DesignedQuestion], key: str) -> DesignedQuestion:
    if key not in asked:
        raise Invalid("question_unknown", f"{key} is no question of it that can be counted.")
    return asked[key]
