"""Interviews: every answer is stored before the next question is asked, whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.crm_api.core.questionnaires import walk as ways
from ringway.crm_api.core.questionnaires.answers import (
    Answer,
    AnswerRefused,
    checked,
    keys_of,
    score_of,
)
from ringway.crm_api.core.questionnaires.design import DesignedQuestion, QuestionnaireDesign
from ringway.crm_api.errors import Conflict, Invalid, NotFound
from ringway.crm_api.questionnaires import store
from ringway.crm_api.questionnaires.schemas import (
    AskedChoice,
    AskedQuestion,
    Channel,
    GivenAnswer,
    QuestionnaireRun,
    QuestionnaireRunState,
)
from ringway.proto.crm_questionnaires import QuestionnaireFinishedV1
from ringway.runtime import outbox
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Wish:
    """What an interview shall be about."""

    questionnaire_id: UUID
    language: str | None
    customer_id: UUID | None
    interaction_id: UUID | None
    campaign_id: UUID | None
    agent_id: UUID | None
    channel: Channel


@dataclass(slots=True)
class Interview:
    """One interview that is locked, its version's design, and the answers so far."""

    run: store.Run
    design: QuestionnaireDesign
    given: dict[str, store.Given]

    @property
    def answers(self) -> Mapping[str, Answer]:
        """The answers by question."""
        return {key: each.answer for key, each in self.given.items()}


async def begin(conn: Connection, *, tenant_id: UUID, wish: Wish, now: datetime) -> Interview:
    """Begin an interview, or find the one that this call has begun.

    Raises:
        NotFound: There is no such questionnaire.
        Conflict: None of its versions is published, or it is archived.
        Invalid: It is not asked in the language, or there is no such customer.
    """
    found = await store.get(conn, tenant_id=tenant_id, questionnaire_id=wish.questionnaire_id)
    if found is None:
        raise NotFound(
            "questionnaire_not_found", f"There is no questionnaire {wish.questionnaire_id}."
        )
    present = found[0]
    if present.is_archived or not present.latest:
        raise Conflict("questionnaire_not_asked", "Publish the questionnaire first.")
    design = await _design(conn, tenant_id, wish.questionnaire_id, present.latest)
    language = wish.language or design.languages[0]
    if language not in design.languages:
        raise Invalid("language_unknown", f"It is asked in {', '.join(design.languages)}.")
    if wish.customer_id is not None and not await conn.fetchval(
        "SELECT true FROM crm.customer WHERE tenant_id = $1 AND customer_id = $2",
        tenant_id,
        wish.customer_id,
    ):
        raise Invalid("customer_unknown", f"There is no customer {wish.customer_id}.")
    run = store.Run(
        run_id=uuid7(),
        questionnaire_id=wish.questionnaire_id,
        number=present.latest,
        language=language,
        channel=wish.channel,
        state=QuestionnaireRunState.RUNNING,
        position=design.questions[0].key,
        score=0,
        agent_id=wish.agent_id,
        customer_id=wish.customer_id,
        interaction_id=wish.interaction_id,
        campaign_id=wish.campaign_id,
        break_reason="",
        started_at=now,
        updated_at=now,
        ended_at=None,
        version=1,
    )
    begun = await store.begin(conn, tenant_id=tenant_id, run=run)
    return await load(conn, tenant_id=tenant_id, run_id=begun.run_id)


async def load(conn: Connection, *, tenant_id: UUID, run_id: UUID) -> Interview:
    """Lock an interview and read what was answered. Raises NotFound."""
    run = await store.get_run(conn, tenant_id=tenant_id, run_id=run_id, lock=True)
    if run is None:
        raise NotFound("run_not_found", f"There is no interview {run_id}.")
    design = await _design(conn, tenant_id, run.questionnaire_id, run.number)
    given = await store.answers(conn, tenant_id=tenant_id, run_id=run_id)
    return Interview(run, design, given)


async def answer(
    conn: Connection,
    *,
    tenant_id: UUID,
    interview: Interview,
    key: str,
    given: object,
    now: datetime,
) -> Interview:
    """Keep an answer and go on. The same answer again changes nothing.

    Raises:
        Conflict: The interview is over, or the question is not asked on this way.
        Invalid: It is no answer to the question.
    """
    run, design = interview.run, interview.design
    question = design.question(key)
    way = ways.walk(design, interview.answers)
    if question is None or key not in (*way.path, way.position):
        raise Conflict("question_not_asked", f"{key} is not asked on this way.")
    try:
        kept = checked(question, given)
    except AnswerRefused as refused:
        raise Invalid("answer_invalid", str(refused)) from None
    is_same = key in interview.given and interview.given[key].answer == kept
    if run.state == QuestionnaireRunState.FINISHED and is_same:
        return interview
    _check_running(run)
    if not is_same:
        await store.add_answer(
            conn,
            tenant_id=tenant_id,
            run_id=run.run_id,
            question=key,
            answer=kept,
            score=score_of(question, kept),
            now=now,
        )
    given_now = await store.answers(conn, tenant_id=tenant_id, run_id=run.run_id)
    changed = Interview(run, design, given_now)
    position = ways.after(design, changed.answers, key)
    return await _move(conn, tenant_id, changed, QuestionnaireRunState.RUNNING, position, now)


async def back(
    conn: Connection, *, tenant_id: UUID, interview: Interview, now: datetime
) -> Interview:
    """Ask the question before again; its answer stays until there is another. Raises Conflict."""
    _check_running(interview.run)
    path = ways.walk(interview.design, interview.answers).path
    here = interview.run.position
    place = path.index(here) if here in path else len(path)
    if place == 0:
        raise Conflict("at_first_question", "This is the first question.")
    return await _move(
        conn, tenant_id, interview, QuestionnaireRunState.RUNNING, path[place - 1], now
    )


async def finish(
    conn: Connection, *, tenant_id: UUID, interview: Interview, now: datetime
) -> Interview:
    """End an interview of which nothing is left to ask. A repeat changes nothing.

    Raises:
        Conflict: Questions are left, or it was broken off.
    """
    run = interview.run
    if run.state == QuestionnaireRunState.FINISHED:
        return interview
    _check_running(run)
    way = ways.walk(interview.design, interview.answers)
    if not way.is_finished:
        raise Conflict("questions_left", f"{way.position} is not answered yet.")
    done = await _move(conn, tenant_id, interview, QuestionnaireRunState.FINISHED, None, now)
    fact = QuestionnaireFinishedV1(
        occurred_at=now,
        tenant=str(tenant_id),
        questionnaire_id=str(run.questionnaire_id),
        run_id=str(run.run_id),
        number=run.number,
        channel=run.channel,
        score=done.run.score,
        customer_id=_token(run.customer_id),
        agent_id=_token(run.agent_id),
        interaction_id=_token(run.interaction_id),
    )
    await outbox.add(conn, "crm", fact)
    return done


async def break_off(
    conn: Connection, *, tenant_id: UUID, interview: Interview, reason: str, now: datetime
) -> Interview:
    """Stop for now; the answers stay. What is over stays as it is."""
    run = interview.run
    if run.state != QuestionnaireRunState.RUNNING:
        return interview
    return await _move(
        conn, tenant_id, interview, QuestionnaireRunState.BROKEN_OFF, run.position, now, reason
    )


async def resume(
    conn: Connection, *, tenant_id: UUID, interview: Interview, now: datetime
) -> Interview:
    """Go on with an interview that was broken off, at the first open question. Raises Conflict."""
    if interview.run.state == QuestionnaireRunState.FINISHED:
        raise Conflict("run_not_running", "The interview is finished.")
    position = ways.walk(interview.design, interview.answers).position
    return await _move(conn, tenant_id, interview, QuestionnaireRunState.RUNNING, position, now)


def asked(interview: Interview) -> DesignedQuestion | None:
    """Return the question that is asked now."""
    position = interview.run.position
    if interview.run.state == QuestionnaireRunState.FINISHED or position is None:
        return None
    return interview.design.question(position)


def view(interview: Interview) -> QuestionnaireRun:
    """Return what outsiders see of an interview."""
    run, question = interview.run, asked(interview)
    fields = {name: getattr(run, name) for name in store.Run.__slots__ if name != "position"}
    return QuestionnaireRun.model_validate(
        {
            **fields,
            "question": _asked(interview, question) if question is not None else None,
            "answers": [GivenAnswer.model_validate(each) for each in interview.given.values()],
        }
    )


def _asked(interview: Interview, question: DesignedQuestion) -> AskedQuestion:
    language, given = interview.run.language, interview.given.get(question.key)
    keys = {value: key for key, value in keys_of(question).items()}
    return AskedQuestion(
        **question.model_dump(
            include={
                *("key", "kind", "required", "min_choices", "max_choices", "minimum", "maximum"),
                "max_length",
            }
        ),
        text=question.texts[language],
        choices=[
            AskedChoice(value=each.value, text=each.texts[language], key=keys.get(each.value, ""))
            for each in question.choices
        ],
        answer=given.answer if given is not None else None,
        is_answered=given is not None,
    )


async def _move(
    conn: Connection,
    tenant_id: UUID,
    interview: Interview,
    state: QuestionnaireRunState,
    position: str | None,
    now: datetime,
    reason: str = "",
) -> Interview:
    way = ways.walk(interview.design, interview.answers)
    run = await store.move(
        conn,
        tenant_id=tenant_id,
        run_id=interview.run.run_id,
        state=state.value,
        position=position,
        path=way.path,
        score=way.score,
        reason=reason,
        now=now,
    )
    given = await store.answers(conn, tenant_id=tenant_id, run_id=run.run_id)
    return Interview(run, interview.design, given)


def _check_running(run: store.Run) -> None:
    if run.state != QuestionnaireRunState.RUNNING:
        raise Conflict("run_not_running", f"The interview is {run.state}; resume it first.")


async def _design(
    conn: Connection, tenant_id: UUID, questionnaire_id: UUID, number: int
) -> QuestionnaireDesign:
    design = await store.design_of(
        conn, tenant_id=tenant_id, questionnaire_id=questionnaire_id, number=number
    )
    assert design is not None
    return design


def _token(value: UUID | None) -> str | None:
    return str(value) if value is not None else None
