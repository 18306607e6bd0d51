"""Questionnaires by phone: an IVR asks them question by question, and the answers are kept here.

An IVR begins a run, says what it is told to ask, and sends the keys that were pressed. Each answer
is stored before it is answered. A repeated request changes nothing and gets the same question.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from ringway.proto.base import Fact, Model, Reply, Request, Token


class QuestionnaireFinishedV1(Fact):
    """Somebody answered a questionnaire to its end. What he answered is read over REST."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.questionnaire.{questionnaire_id}.finished"

    questionnaire_id: Token
    run_id: Token
    number: int = Field(description="Which version of the questionnaire.")
    channel: str
    score: float
    customer_id: Token | None = None
    agent_id: Token | None = None
    interaction_id: Token | None = None


class QuestionKind(StrEnum):
    """What is pressed."""

    CHOICE = "choice"  # one key of ``keys``
    CHOICES = "choices"  # several keys of ``keys``, one after the other
    NUMBER = "number"  # a number from ``minimum`` to ``maximum``
    KEY = "key"  # one key of ``keys``


class AskedKeyV1(Model):
    """A key, and what it means, in the language of the run."""

    key: str
    text: str


class AskedQuestionV1(Model):
    """What is asked now."""

    question: Token
    kind: QuestionKind
    text: str
    is_required: bool
    keys: tuple[AskedKeyV1, ...] = ()
    minimum: int | None = None
    maximum: int | None = None


class QuestionnaireStepV1(Reply):
    """What is asked next; no question: it was the last one.

    ``is_refused``: the keys were no answer to the question, which is asked again.
    """

    run_id: Token
    state: str
    language: str
    question: AskedQuestionV1 | None = None
    is_refused: bool = False


class BeginQuestionnaireV1(Request):
    """Begin a run in a call, or find the one that this call began."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.cmd.begin_questionnaire"

    questionnaire_id: Token
    interaction_id: Token
    language: str = ""
    customer_id: Token | None = None
    campaign_id: Token | None = None


class AnswerQuestionV1(Request):
    """Answer a question by the keys that were pressed; no keys: it is passed over."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.cmd.answer_question"

    run_id: Token
    question: Token
    keys: str = Field(max_length=40)


class BreakOffQuestionnaireV1(Request):
    """The caller hung up or wants no more. The answers stay; a finished run stays finished."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.cmd.break_off_questionnaire"

    run_id: Token
    reason: str = Field(default="", max_length=200)
