"""Answers: whether one is an answer to its question, where it leads to, what it is worth."""

from __future__ import annotations

from ringway.crm_api.core.questionnaires.design import (
    AnswerBranch,
    AnswerKind,
    DesignedQuestion,
    QuestionnaireDesign,
)

# A choice's or key's value, values of several, a whole number, a text; None: passed over.
Answer = str | int | list[str] | None
_NUMBERS = (AnswerKind.SCALE, AnswerKind.NUMBER)
_DIGITS = "123456789"


class AnswerRefused(Exception):
    """This is no answer to the question. The text says what one is."""


def checked(question: DesignedQuestion, given: object) -> Answer:
    """Return ``given`` as it is kept, choices in the order of the design.

    Raises:
        AnswerRefused: It is no answer to the question.
    """
    if given is None:
        if question.required:
            raise AnswerRefused("The question must be answered.")
        return None
    values = [choice.value for choice in question.choices]
    match question.kind:
        case AnswerKind.SINGLE | AnswerKind.KEY:
            if not isinstance(given, str) or given not in values:
                raise AnswerRefused(f"Answer with one of {', '.join(values)}.")
            return given
        case AnswerKind.MULTIPLE:
            return _several(question, values, given)
        case AnswerKind.SCALE | AnswerKind.NUMBER:
            if not isinstance(given, int) or isinstance(given, bool):
                raise AnswerRefused("Answer with a whole number.")
            if not question.minimum <= given <= question.maximum:
                raise AnswerRefused(
                    f"Answer with a number from {question.minimum} to {question.maximum}."
                )
            return given
        case AnswerKind.TEXT:
            text = given.strip() if isinstance(given, str) else ""
            if not text or len(text) > question.max_length or "\x00" in text:
                raise AnswerRefused(f"Answer with 1 to {question.max_length} characters.")
            return text


def _several(question: DesignedQuestion, values: list[str], given: object) -> list[str]:
    if not isinstance(given, list) or not all(each in values for each in given):
        raise AnswerRefused(f"Answer with a list of some of {', '.join(values)}.")
    chosen = [value for value in values if value in given]
    most = min(question.max_choices, len(values))
    if not question.min_choices <= len(chosen) <= most:
        raise AnswerRefused(f"Choose {question.min_choices} to {most} of them.")
    return chosen


def fits(branch: AnswerBranch, answer: Answer) -> bool:
    """Return whether a branch is for this answer."""
    match branch.when:
        case "skipped":
            return answer is None
        case "includes":
            return isinstance(answer, list) and branch.value in answer
        case "equals":
            return answer is not None and answer == branch.value
        case "at_least":
            return isinstance(answer, int) and answer >= int(branch.value or 0)
        case "at_most":
            return isinstance(answer, int) and answer <= int(branch.value or 0)


def leads_to(design: QuestionnaireDesign, question: DesignedQuestion, answer: Answer) -> str:
    """Return the key of the question that follows an answer, or END."""
    for branch in question.branches:
        if fits(branch, answer):
            return branch.next
    return question.next if question.next is not None else design.below(question.key)


def score_of(question: DesignedQuestion, answer: Answer) -> float:
    """Return what an answer is worth."""
    if isinstance(answer, int):
        return answer * question.points
    chosen = answer if isinstance(answer, list) else [answer]
    if question.kind is AnswerKind.TEXT:
        return 0.0
    return sum(choice.score for choice in question.choices if choice.value in chosen)


def keys_of(question: DesignedQuestion) -> dict[str, str]:
    """Return which key of the telephone stands for which choice."""
    if question.kind is AnswerKind.KEY:
        return {choice.value: choice.value for choice in question.choices}
    return {
        choice.key or (_DIGITS[n] if n < len(_DIGITS) else ""): choice.value
        for n, choice in enumerate(question.choices)
    }


def is_by_phone(design: QuestionnaireDesign) -> bool:
    """Return whether every question can be answered with keys."""
    return all(
        question.kind is not AnswerKind.TEXT
        and not (question.kind in _NUMBERS and question.minimum < 0)
        and len(keys := keys_of(question)) == len(question.choices)
        and "" not in keys
        for question in design.questions
    )


def from_keys(question: DesignedQuestion, pressed: str) -> Answer:
    """Return the answer that pressed keys are; none: the question is passed over.

    Raises:
        AnswerRefused: They are no answer to the question.
    """
    keys = keys_of(question)
    given: object = None
    if pressed:
        match question.kind:
            case AnswerKind.SINGLE | AnswerKind.KEY:
                given = keys.get(pressed, "")
            case AnswerKind.MULTIPLE:
                given = [keys.get(key, "") for key in pressed]
            case AnswerKind.SCALE | AnswerKind.NUMBER:
                is_number = pressed.isascii() and pressed.isdigit()
                given = int(pressed) if is_number else ""
            case AnswerKind.TEXT:
                given = ""
    return checked(question, given)
