"""A questionnaire as its designer writes it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from ringway.proto.exact import Exact

END = "end"  # as a next question: there is none
MAX_QUESTIONS = 200
Key = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$"), Field(examples=["satisfied"])
]
Value = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_*#-]{1,40}$"), Field(examples=["yes"])
]
Language = Annotated[
    str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$"), Field(examples=["en"])
]
_Wording = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=r"^[^\x00]*$"),
]
Texts = Annotated[dict[Language, _Wording], Field(min_length=1, max_length=20)]
Points = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
_Number = Annotated[int, Field(ge=-(10**9), le=10**9)]


class AnswerKind(StrEnum):
    """What kind of answer a question gets."""

    SINGLE = "single"  # one of the choices
    MULTIPLE = "multiple"  # some of the choices
    SCALE = "scale"  # a whole number, few of them
    NUMBER = "number"  # a whole number
    TEXT = "text"
    KEY = "key"  # a key of the telephone; the choices' values are the keys


class _Part(Exact):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AnswerChoice(_Part):
    """An answer that is offered. ``key`` is pressed for it; null: by its place, from 1 on."""

    value: Value
    texts: Texts
    score: Points = 0
    key: str | None = Field(default=None, pattern=r"^[0-9*#]$")


class AnswerBranch(_Part):
    """Where an answer leads to. Of several the first that fits counts."""

    when: Literal["equals", "includes", "at_least", "at_most", "skipped"]
    value: Value | _Number | None = Field(default=None, examples=["yes"])
    next: Key = Field(description="Another question, or `end`.")


class DesignedQuestion(_Part):
    """One question. Without a branch that fits, ``next`` comes, or else the one below it."""

    key: Key
    kind: AnswerKind
    texts: Texts
    required: bool = True
    choices: list[AnswerChoice] = Field(default=[], max_length=50)
    min_choices: int = Field(default=1, ge=1, le=50)
    max_choices: int = Field(default=50, ge=1, le=50)
    minimum: _Number = Field(default=0, description="Of a scale or number.")
    maximum: _Number = Field(default=10, description="Of a scale or number.")
    max_length: int = Field(default=1000, ge=1, le=4000, description="Of a text.")
    points: Points = Field(default=0, description="Score of each unit of a scale or number.")
    branches: list[AnswerBranch] = Field(default=[], max_length=50)
    next: Key | None = None


class QuestionnaireDesign(_Part):
    """A questionnaire: it begins with the first question."""

    languages: list[Language] = Field(
        min_length=1, max_length=20, description="The first is asked when none is chosen."
    )
    questions: list[DesignedQuestion] = Field(min_length=1, max_length=MAX_QUESTIONS)

    def question(self, key: str) -> DesignedQuestion | None:
        """Return the question with a key."""
        return next((each for each in self.questions if each.key == key), None)

    def below(self, key: str) -> str:
        """Return the question that stands below one, or END."""
        keys = [each.key for each in self.questions]
        place = keys.index(key) + 1
        return keys[place] if place < len(keys) else END
