"""/questionnaire-runs: an agent asks during a call, and every answer is stored at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.deps import Deps, DepsOf, requires
from ringway.crm_api.errors import NotFound
from ringway.crm_api.etag import set_etag
from ringway.crm_api.questionnaires import interviews
from ringway.crm_api.questionnaires.schemas import (
    AnswerToQuestion,
    BreakOff,
    Channel,
    NewQuestionnaireRun,
    QuestionnaireRun,
)
from ringway.crm_api.routing import api_router
from ringway.runtime.postgres import Connection

router = api_router("/questionnaire-runs", "questionnaire-runs")
of_questionnaires = api_router("/questionnaires/{questionnaire_id}/runs", "questionnaires")
Asker = Annotated[Caller, Depends(requires(Permission.QUESTIONNAIRES_RUN))]


@of_questionnaires.post("", status_code=201)
async def begin_questionnaire(
    questionnaire_id: UUID,
    new: NewQuestionnaireRun,
    deps: DepsOf,
    caller: Asker,
    response: Response,
) -> QuestionnaireRun:
    """Begin an interview with the last published version. A call finds the one it has begun."""
    wish = interviews.Wish(
        questionnaire_id=questionnaire_id,
        language=new.language,
        customer_id=new.customer_id,
        interaction_id=new.interaction_id,
        campaign_id=new.campaign_id,
        agent_id=caller.user_id,
        channel=Channel.AGENT,
    )
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await interviews.begin(conn, tenant_id=caller.tenant_id, wish=wish, now=deps.now())
    response.headers["Location"] = f"/api/v1/questionnaire-runs/{found.run.run_id}"
    return _shown(found, response)


@router.get("/{interview_id}")
async def get_questionnaire_run(
    interview_id: UUID, deps: DepsOf, caller: Asker, response: Response
) -> QuestionnaireRun:
    """Return an interview, what was answered, and what is asked now."""
    async with _own(deps, caller, interview_id) as (_, found):
        return _shown(found, response)


@router.post("/{interview_id}/answers")
async def answer_question(
    interview_id: UUID, given: AnswerToQuestion, deps: DepsOf, caller: Asker, response: Response
) -> QuestionnaireRun:
    """Answer the question that is asked, or correct an answer. The same again changes nothing."""
    async with _own(deps, caller, interview_id) as (conn, found):
        found = await interviews.answer(
            conn,
            tenant_id=caller.tenant_id,
            interview=found,
            key=given.question,
            given=given.answer,
            now=deps.now(),
        )
    return _shown(found, response)


@router.post("/{interview_id}/back")
async def go_back(
    interview_id: UUID, deps: DepsOf, caller: Asker, response: Response
) -> QuestionnaireRun:
    """Ask the question before again. Its answer stays until there is another."""
    async with _own(deps, caller, interview_id) as (conn, found):
        found = await interviews.back(
            conn, tenant_id=caller.tenant_id, interview=found, now=deps.now()
        )
    return _shown(found, response)


@router.post("/{interview_id}/finish")
async def finish_questionnaire(
    interview_id: UUID, deps: DepsOf, caller: Asker, response: Response
) -> QuestionnaireRun:
    """End an interview of which nothing is left to ask."""
    async with _own(deps, caller, interview_id) as (conn, found):
        found = await interviews.finish(
            conn, tenant_id=caller.tenant_id, interview=found, now=deps.now()
        )
    return _shown(found, response)


@router.post("/{interview_id}/break-off")
async def break_off_questionnaire(
    interview_id: UUID, why: BreakOff, deps: DepsOf, caller: Asker, response: Response
) -> QuestionnaireRun:
    """Stop for now: the answers stay, and another call may go on."""
    async with _own(deps, caller, interview_id) as (conn, found):
        found = await interviews.break_off(
            conn,
            tenant_id=caller.tenant_id,
            interview=found,
            reason=why.reason,
            now=deps.now(),
        )
    return _shown(found, response)


@router.post("/{interview_id}/resume")
async def resume_questionnaire(
    interview_id: UUID, deps: DepsOf, caller: Asker, response: Response
) -> QuestionnaireRun:
    """Go on with an interview that was broken off, at the first open question."""
    async with _own(deps, caller, interview_id) as (conn, found):
        found = await interviews.resume(
            conn, tenant_id=caller.tenant_id, interview=found, now=deps.now()
        )
    return _shown(found, response)


@asynccontextmanager
async def _own(
    deps: Deps, caller: Caller, run_id: UUID
) -> AsyncIterator[tuple[Connection, interviews.Interview]]:
    """Lock an interview of one's own, or any for whoever reads answers. Raises NotFound."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await interviews.load(conn, tenant_id=caller.tenant_id, run_id=run_id)
        is_own = found.run.agent_id == caller.user_id
        may_read = caller.may(Permission.QUESTIONNAIRES_READ) and await scopes.shows(
            conn, caller, found.run.customer_id
        )
        if not is_own and not may_read:
            raise NotFound("run_not_found", f"There is no interview {run_id}.")
        yield conn, found


def _shown(found: interviews.Interview, response: Response) -> QuestionnaireRun:
    set_etag(response, found.run.version)
    return interviews.view(found)
