"""The way through a questionnaire that the answers so far make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ringway.crm_api.core.questionnaires.answers import Answer, leads_to, score_of
from ringway.crm_api.core.questionnaires.design import END, QuestionnaireDesign


@dataclass(frozen=True, slots=True)
class Walk:
    """The questions that were asked, in order, and the one that is asked now, or None."""

    path: tuple[str, ...]
    position: str | None
    score: float

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to ask."""
        return self.position is None


def walk(design: QuestionnaireDesign, answers: Mapping[str, Answer]) -> Walk:
    """Follow the answers from the first question on.

    Answers to questions that are not on the way (any more) do not count: a corrected answer may
    lead elsewhere, and a second correction back.
    """
    path: list[str] = []
    score = 0.0
    key = design.questions[0].key
    while key != END and key in answers and key not in path:
        question = design.question(key)
        assert question is not None
        path.append(key)
        score += score_of(question, answers[key])
        key = leads_to(design, question, answers[key])
    return Walk(tuple(path), None if key == END else key, score)


def after(design: QuestionnaireDesign, answers: Mapping[str, Answer], key: str) -> str | None:
    """Return what comes after an answered question on the way, or None at the end."""
    question = design.question(key)
    assert question is not None
    following = leads_to(design, question, answers[key])
    return None if following == END else following
