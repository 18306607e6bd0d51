"""Whether a design holds: every way through it ends, every question and branch can be reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ringway.crm_api.core.questionnaires.answers import (
    Answer,
    AnswerRefused,
    checked,
    fits,
    leads_to,
)
from ringway.crm_api.core.questionnaires.design import (
    END,
    AnswerBranch,
    AnswerKind,
    DesignedQuestion,
    QuestionnaireDesign,
)

_NUMBERS = (AnswerKind.SCALE, AnswerKind.NUMBER)
_CHOOSES = (AnswerKind.SINGLE, AnswerKind.MULTIPLE, AnswerKind.KEY)
_LARGEST_SCALE = 21
_OPERATORS = {
    AnswerKind.SINGLE: {"equals", "skipped"},
    AnswerKind.KEY: {"equals", "skipped"},
    AnswerKind.MULTIPLE: {"includes", "skipped"},
    AnswerKind.SCALE: {"equals", "at_least", "at_most", "skipped"},
    AnswerKind.NUMBER: {"equals", "at_least", "at_most", "skipped"},
    AnswerKind.TEXT: {"skipped"},
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a design cannot be published. ``code`` is stable; ``question`` is empty for all."""

    code: str
    question: str
    detail: str


def faults(design: QuestionnaireDesign) -> list[Fault]:
    """Return everything that is wrong with a design; nothing: it can be published."""
    found = [fault for question in design.questions for fault in _of_question(design, question)]
    for key, times in Counter(each.key for each in design.questions).items():
        if times > 1:
            found.append(Fault("key_repeated", key, "Another question has this key."))
        if key == END:
            found.append(Fault("key_reserved", key, f"{END} is where a questionnaire ends."))
    if len(set(design.languages)) < len(design.languages):
        found.append(Fault("language_repeated", "", "A language is named twice."))
    # Ways can only be followed where every reference is good.
    return found or list(_of_ways(design))


def possible(question: DesignedQuestion) -> Iterator[Answer]:
    """Yield answers such that each branch that can be taken is taken by one of them."""
    for answer in _tried(question):
        try:
            yield checked(question, answer)
        except AnswerRefused:
            continue


def _tried(question: DesignedQuestion) -> Iterator[Answer]:
    yield None
    match question.kind:
        case AnswerKind.SINGLE | AnswerKind.KEY:
            yield from (choice.value for choice in question.choices)
        case AnswerKind.MULTIPLE:
            yield from _sets(question)
        case AnswerKind.SCALE | AnswerKind.NUMBER:
            marks = {question.minimum, question.maximum}
            for branch in question.branches:
                if isinstance(branch.value, int):
                    marks |= {branch.value - 1, branch.value, branch.value + 1}
            yield from sorted(marks)
        case AnswerKind.TEXT:
            yield "x"


def _sets(question: DesignedQuestion) -> Iterator[list[str]]:
    """Yield, for each branch, a set of choices that takes it and none before it, if there is."""
    values = [choice.value for choice in question.choices]
    named = [str(branch.value) for branch in question.branches if branch.when == "includes"]
    for n in range(len(named) + 1):
        wanted = named[n : n + 1]
        free = [value for value in values if value not in named[: n + 1]]
        for filler in (free, [value for value in free if value not in named]):
            missing = max(0, question.min_choices - len(wanted)) or (0 if wanted else 1)
            yield wanted + filler[:missing]


def _of_question(design: QuestionnaireDesign, question: DesignedQuestion) -> Iterator[Fault]:
    key = question.key
    keys = {each.key for each in design.questions} | {END}
    for text in (question.texts, *(choice.texts for choice in question.choices)):
        if missing := [each for each in design.languages if each not in text]:
            yield Fault("text_missing", key, f"A text is missing in {', '.join(missing)}.")
    if question.kind in _CHOOSES:
        yield from _of_choices(question)
    elif question.choices:
        yield Fault("choices_unused", key, f"A question of kind {question.kind} has no choices.")
    if question.kind in _NUMBERS and question.minimum > question.maximum:
        yield Fault("range_empty", key, "The minimum is above the maximum.")
    is_long = question.maximum - question.minimum >= _LARGEST_SCALE
    if question.kind is AnswerKind.SCALE and is_long:
        yield Fault("scale_too_long", key, f"A scale has {_LARGEST_SCALE} points at most.")
    targets = [branch.next for branch in question.branches]
    for target in (*targets, question.next):
        if target is not None and target not in keys:
            yield Fault("next_unknown", key, f"There is no question {target}.")
    for branch in question.branches:
        yield from _of_branch(question, branch)


def _of_choices(question: DesignedQuestion) -> Iterator[Fault]:
    values = [choice.value for choice in question.choices]
    if not values:
        yield Fault("choices_missing", question.key, "It has no choices.")
    if len(set(values)) < len(values):
        yield Fault("choice_repeated", question.key, "Two choices have one value.")
    pressed = [choice.key for choice in question.choices if choice.key is not None]
    if len(set(pressed)) < len(pressed) or 0 < len(pressed) < len(values):
        yield Fault("keys_unclear", question.key, "Give each choice a key of its own, or none.")
    if question.kind is AnswerKind.KEY and any(
        len(v) > 1 or v not in "0123456789*#" for v in values
    ):
        yield Fault("key_invalid", question.key, "The values must be keys: 0 to 9, * and #.")
    most = min(question.max_choices, len(values))
    if question.kind is AnswerKind.MULTIPLE and question.min_choices > most:
        yield Fault("range_empty", question.key, "More must be chosen than may be.")


def _of_branch(question: DesignedQuestion, branch: AnswerBranch) -> Iterator[Fault]:
    if branch.when not in _OPERATORS[question.kind]:
        yield Fault(
            "branch_invalid", question.key, f"{branch.when} does not go with {question.kind}."
        )
        return
    if branch.when == "skipped":
        return
    values = {choice.value for choice in question.choices}
    is_number = isinstance(branch.value, int)
    if is_number != (question.kind in _NUMBERS) or not (is_number or branch.value in values):
        yield Fault("branch_invalid", question.key, f"{branch.value} is no answer to it.")


def _of_ways(design: QuestionnaireDesign) -> Iterator[Fault]:
    ways: dict[str, set[str]] = {}
    for question in design.questions:
        answers = list(possible(question))
        ways[question.key] = {leads_to(design, question, answer) for answer in answers} - {END}
        taken = {_first(question, answer) for answer in answers}
        for n in range(len(question.branches)):
            if n not in taken:
                yield Fault(
                    "branch_never_taken", question.key, f"No answer takes its branch {n + 1}."
                )
    reached = _reached(ways, design.questions[0].key)
    for question in design.questions:
        if question.key not in reached:
            yield Fault("question_unreachable", question.key, "No way leads to it.")
    for key in _turning(ways):
        yield Fault("way_never_ends", key, "An answer leads back to where it came from.")


def _first(question: DesignedQuestion, answer: Answer) -> int:
    for n, branch in enumerate(question.branches):
        if fits(branch, answer):
            return n
    return -1


def _reached(ways: dict[str, set[str]], first: str) -> set[str]:
    reached, waiting = {first}, [first]
    while waiting:
        new = ways[waiting.pop()] - reached
        reached |= new
        waiting += new
    return reached


def _turning(ways: dict[str, set[str]]) -> list[str]:
    """Return the questions that lie on a ring or only lead from one ring to another."""
    before = Counter(target for targets in ways.values() for target in targets)
    waiting = [key for key in ways if not before[key]]
    left = set(ways)
    while waiting:
        key = waiting.pop()
        left.discard(key)
        for target in ways[key]:
            before[target] -= 1
            if not before[target]:
                waiting.append(target)
    return [key for key in ways if key in left]
