"""Payloads of questionnaires, interviews and their results."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from ringway.crm_api.core.questionnaires.design import AnswerKind, Key, QuestionnaireDesign, Value
from ringway.crm_api.schemas import Body, Name, Text, View

_EXAMPLE = {
    "languages": ["en"],
    "questions": [
        {
            "key": "satisfied",
            "kind": "scale",
            "texts": {"en": "How satisfied are you, from 1 to 5?"},
            "minimum": 1,
            "maximum": 5,
            "branches": [{"when": "at_least", "value": 4, "next": "end"}],
        },
        {"key": "why", "kind": "text", "texts": {"en": "What should we do better?"}},
    ],
}
AnswerIn = Annotated[
    int
    | Annotated[str, Field(max_length=4000)]
    | Annotated[list[Value], Field(max_length=50)]
    | None,
    Field(
        description="A choice's value, several of them, a whole number, a text; null: passed over.",
        examples=["yes"],
    ),
]


class QuestionnaireRunState(StrEnum):
    """How far an interview is."""

    RUNNING = "running"
    BROKEN_OFF = "broken_off"
    FINISHED = "finished"


class Channel(StrEnum):
    """Who asks."""

    AGENT = "agent"
    IVR = "ivr"


class QuestionnaireBody(Body):
    """A questionnaire as it is being designed; asked are its published versions only."""

    name: Name = Field(examples=["After the purchase"])
    design: QuestionnaireDesign = Field(examples=[_EXAMPLE])


class QuestionnaireSummary(View):
    """A questionnaire. ``latest`` is the version that is asked; 0: none was published."""

    questionnaire_id: UUID
    name: str
    latest: int
    is_archived: bool
    version: int = Field(description="Of the draft, for If-Match.")
    created_at: dt.datetime
    updated_at: dt.datetime


class QuestionnaireView(QuestionnaireSummary):
    """A questionnaire with its draft."""

    design: QuestionnaireDesign


class FaultView(View):
    """Why a design cannot be published."""

    code: str = Field(examples=["question_unreachable"])
    question: str
    detail: str


class DesignCheck(View):
    """What is wrong with a draft, and whether keys of a telephone can answer it."""

    faults: list[FaultView]
    is_by_phone: bool


class QuestionnaireVersion(View):
    """A published version: it never changes."""

    questionnaire_id: UUID
    number: int
    design: QuestionnaireDesign
    published_by: str
    published_at: dt.datetime


class NewQuestionnaireRun(Body):
    """The beginning of an interview."""

    language: str | None = Field(default=None, pattern=r"^[a-z]{2}(-[A-Z]{2})?$", examples=["en"])
    customer_id: UUID | None = None
    interaction_id: UUID | None = Field(
        default=None, description="The call; it asks a questionnaire once, a repeat finds that."
    )
    campaign_id: UUID | None = None


class AnswerToQuestion(Body):
    """An answer. It may correct one that was given before."""

    question: Key
    answer: AnswerIn


class BreakOff(Body):
    """Why an interview is broken off."""

    reason: Text = Field(default="", max_length=500, examples=["No time now."])


class AskedChoice(View):
    """An answer that is offered; ``key`` of a telephone stands for it."""

    value: str
    text: str
    key: str


class AskedQuestion(View):
    """What is asked now, in the language of the interview."""

    key: str
    kind: AnswerKind
    text: str
    required: bool
    choices: list[AskedChoice]
    min_choices: int
    max_choices: int
    minimum: int
    maximum: int
    max_length: int
    answer: Any = Field(default=None, description="The answer that it has already.")
    is_answered: bool = False


class GivenAnswer(View):
    """An answer that was given. ``is_on_path`` false: a corrected answer led elsewhere."""

    question: str
    answer: Any
    is_on_path: bool
    answered_at: dt.datetime


class QuestionnaireRunSummary(View):
    """An interview."""

    run_id: UUID
    questionnaire_id: UUID
    number: int = Field(description="The version that is asked.")
    language: str
    channel: Channel
    state: QuestionnaireRunState
    score: float
    agent_id: UUID | None
    customer_id: UUID | None
    interaction_id: UUID | None
    campaign_id: UUID | None
    break_reason: str
    started_at: dt.datetime
    updated_at: dt.datetime
    ended_at: dt.datetime | None
    version: int


class QuestionnaireRun(QuestionnaireRunSummary):
    """An interview with what is asked now; null: nothing is left, it can be finished."""

    question: AskedQuestion | None
    answers: list[GivenAnswer]


class CountedValue(View):
    """How often an answer was given; ``share`` of those who answered the question."""

    value: str
    text: str
    count: int
    share: float


class QuestionResult(View):
    """What was answered to one question. Average, least and most are of numbers."""

    question: str
    kind: AnswerKind
    text: str
    answered: int
    passed_over: int
    values: list[CountedValue] = Field(description="Not of texts; at most 200 numbers.")
    average: float | None
    least: float | None
    most: float | None


class QuestionnaireResults(View):
    """What was answered. Several choices of one person count one each."""

    questionnaire_id: UUID
    number: int
    runs: int
    finished: int
    broken_off: int
    average_score: float | None
    questions: list[QuestionResult]


class CrossTable(View):
    """How many gave both answers: ``counts[i][j]`` is ``rows[i]`` with ``columns[j]``."""

    row_question: str
    column_question: str
    rows: list[str]
    columns: list[str]
    counts: list[list[int]]
