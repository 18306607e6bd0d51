"""Questionnaires over NATS: an IVR asks by keys, and nothing that was pressed is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from ringway.crm_api.core.questionnaires.answers import (
    AnswerRefused,
    from_keys,
    is_by_phone,
    keys_of,
)
from ringway.crm_api.core.questionnaires.design import AnswerKind, DesignedQuestion
from ringway.crm_api.errors import ApiError, Conflict
from ringway.crm_api.features import Feature
from ringway.crm_api.questionnaires import interviews
from ringway.crm_api.questionnaires.schemas import Channel, QuestionnaireRunState
from ringway.proto.base import Request
from ringway.proto.crm_questionnaires import (
    AnswerQuestionV1,
    AskedKeyV1,
    AskedQuestionV1,
    BeginQuestionnaireV1,
    BreakOffQuestionnaireV1,
    QuestionKind,
    QuestionnaireStepV1,
)
from ringway.runtime.bus import Bus
from ringway.runtime.errors import Refused
from ringway.runtime.postgres import Connection, Pool

_KINDS = {
    AnswerKind.SINGLE: QuestionKind.CHOICE,
    AnswerKind.MULTIPLE: QuestionKind.CHOICES,
    AnswerKind.SCALE: QuestionKind.NUMBER,
    AnswerKind.NUMBER: QuestionKind.NUMBER,
    AnswerKind.KEY: QuestionKind.KEY,
}


class QuestionnaireResponder:
    """Answers an IVR's requests about questionnaires, on any replica."""

    def __init__(self, pool: Pool, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._now = now

    async def attach(self, bus: Bus) -> None:
        """Answer from now on."""
        await bus.respond(BeginQuestionnaireV1, self.begin)
        await bus.respond(AnswerQuestionV1, self.answer)
        await bus.respond(BreakOffQuestionnaireV1, self.break_off)

    async def begin(self, request: BeginQuestionnaireV1) -> QuestionnaireStepV1:
        """Begin an interview, or go on with the one of this call. Raises Refused."""
        async with _transaction(self._pool, request) as (conn, tenant_id):
            wish = interviews.Wish(
                questionnaire_id=_uuid(request.questionnaire_id, "questionnaire_not_found"),
                language=request.language or None,
                customer_id=_optional(request.customer_id),
                interaction_id=_uuid(request.interaction_id, "interaction_unknown"),
                campaign_id=_optional(request.campaign_id),
                agent_id=None,
                channel=Channel.IVR,
            )
            found = await interviews.begin(conn, tenant_id=tenant_id, wish=wish, now=self._now())
            if not is_by_phone(found.design):
                raise Conflict("questionnaire_not_by_phone", "Keys cannot answer all of it.")
            if found.run.state == QuestionnaireRunState.BROKEN_OFF:
                found = await interviews.resume(
                    conn, tenant_id=tenant_id, interview=found, now=self._now()
                )
            return _step(found)

    async def answer(self, request: AnswerQuestionV1) -> QuestionnaireStepV1:
        """Keep an answer and return the next question; the last one ends it. Raises Refused."""
        async with _transaction(self._pool, request) as (conn, tenant_id):
            run_id = _uuid(request.run_id, "run_not_found")
            found = await interviews.load(conn, tenant_id=tenant_id, run_id=run_id)
            question = found.design.question(request.question)
            if question is None:
                raise Refused("question_not_asked", f"There is no question {request.question}.")
            try:
                given = from_keys(question, request.keys)
            except AnswerRefused:
                return _step(found, is_refused=True)
            found = await interviews.answer(
                conn,
                tenant_id=tenant_id,
                interview=found,
                key=request.question,
                given=given,
                now=self._now(),
            )
            if found.run.position is None:
                found = await interviews.finish(
                    conn, tenant_id=tenant_id, interview=found, now=self._now()
                )
            return _step(found)

    async def break_off(self, request: BreakOffQuestionnaireV1) -> QuestionnaireStepV1:
        """Stop an interview; its answers stay. Raises Refused."""
        async with _transaction(self._pool, request) as (conn, tenant_id):
            run_id = _uuid(request.run_id, "run_not_found")
            found = await interviews.load(conn, tenant_id=tenant_id, run_id=run_id)
            found = await interviews.break_off(
                conn,
                tenant_id=tenant_id,
                interview=found,
                reason=request.reason,
                now=self._now(),
            )
            return _step(found)


@asynccontextmanager
async def _transaction(pool: Pool, request: Request) -> AsyncIterator[tuple[Connection, UUID]]:
    """Open a transaction of an enterprise that has questionnaires; refusals become Refused."""
    tenant_id = _uuid(request.tenant, "tenant_unknown")
    try:
        async with pool.tenant(tenant_id) as conn:
            await check_feature(conn, tenant_id, Feature.QUESTIONNAIRES)
            yield conn, tenant_id
    except ApiError as error:
        raise Refused(error.code, error.detail) from error


async def check_feature(conn: Connection, tenant_id: UUID, feature: Feature) -> None:
    """Return when the enterprise is open and has a feature. Raises Refused."""
    row = await conn.fetchrow(
        "SELECT state, features_off FROM crm.tenant WHERE tenant_id = $1", tenant_id
    )
    if row is None or row["state"] != "active":
        raise Refused("tenant_not_active", "There is no such enterprise, or it is not open.")
    if feature.value in row["features_off"]:
        raise Refused("feature_off", f"The enterprise does not have {feature.value}.")


def _step(found: interviews.Interview, *, is_refused: bool = False) -> QuestionnaireStepV1:
    question = interviews.asked(found)
    return QuestionnaireStepV1(
        run_id=str(found.run.run_id),
        state=found.run.state,
        language=found.run.language,
        question=_asked(question, found.run.language) if question is not None else None,
        is_refused=is_refused,
    )


def _asked(question: DesignedQuestion, language: str) -> AskedQuestionV1:
    texts = {choice.value: choice.texts[language] for choice in question.choices}
    is_number = _KINDS[question.kind] is QuestionKind.NUMBER
    return AskedQuestionV1(
        question=question.key,
        kind=_KINDS[question.kind],
        text=question.texts[language],
        is_required=question.required,
        keys=tuple(
            AskedKeyV1(key=key, text=texts[value]) for key, value in keys_of(question).items()
        )
        if question.choices
        else (),
        minimum=question.minimum if is_number else None,
        maximum=question.maximum if is_number else None,
    )


def _uuid(text: str, code: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Refused(code, f"{text} is not one.") from None


def _optional(text: str | None) -> UUID | None:
    return _uuid(text, "reference_unknown") if text is not None else None
