"""What was answered: counts, cross tables, and all of it as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from ringway.crm_api.core.cells import safe_cell
from ringway.crm_api.core.questionnaires.design import (
    AnswerKind,
    DesignedQuestion,
    QuestionnaireDesign,
)
from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.questionnaires.schemas import (
    CountedValue,
    CrossTable,
    QuestionnaireResults,
    QuestionResult,
)
from ringway.runtime.postgres import Connection

_BLOCK = 500
_MAX_VALUES = 200
_COUNTED = (
    "run_id, started_at, ended_at, state, channel, language, number, agent_id, customer_id, "
    "interaction_id, score"
)
_HEAD = _COUNTED.replace("number", "version").split(", ")
# Interviews that are meant: of a version (or all), begun in a period, finished or all.
_RUNS = """
    r.tenant_id = $1 AND r.questionnaire_id = $2 AND ($3::integer IS NULL OR r.number = $3)
    AND ($4::timestamptz IS NULL OR r.started_at >= $4)
    AND ($5::timestamptz IS NULL OR r.started_at < $5) AND (r.state = 'finished' OR $6)
"""
_TOTALS = f"""
    SELECT count(*) AS runs, count(*) FILTER (WHERE state = 'finished') AS finished,
           count(*) FILTER (WHERE state = 'broken_off') AS broken_off,
           avg(score) FILTER (WHERE state = 'finished') AS average_score
      FROM crm.questionnaire_run r WHERE {_RUNS}
"""  # noqa: S608 - constants
_ANSWERS = f"""
    SELECT a.question, a.answer
      FROM crm.questionnaire_run r JOIN crm.questionnaire_answer a USING (tenant_id, run_id)
     WHERE {_RUNS} AND a.is_current AND a.is_on_path
"""  # noqa: S608 - constants
_PER_QUESTION = f"""
    SELECT question, count(*) FILTER (WHERE answer <> 'null') AS answered,
           count(*) FILTER (WHERE answer = 'null') AS passed_over,
           avg(n) AS average, min(n) AS least, max(n) AS most
      FROM (SELECT question, answer, CASE WHEN jsonb_typeof(answer) = 'number'
                                          THEN answer::double precision END AS n
              FROM ({_ANSWERS}) given) numbers
     GROUP BY question
"""  # noqa: S608 - constants
_SEVERAL = """
    jsonb_array_elements(CASE WHEN jsonb_typeof({0}) = 'array' THEN {0}
                              ELSE jsonb_build_array({0}) END)
"""
_VALUES = f"""
    SELECT question, value #>> '{{}}' AS value, count(*) AS count
      FROM ({_ANSWERS}) given, LATERAL {_SEVERAL.format("answer")} AS each (value)
     WHERE question = ANY ($7) AND answer <> 'null'
     GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2
"""  # noqa: S608 - constants
_CROSS = f"""
    SELECT x.value #>> '{{}}' AS row, y.value #>> '{{}}' AS column, count(*) AS count
      FROM ({_ANSWERS.replace("a.question, a.answer", "r.run_id, a.answer")}
              AND a.question = $7) one
      JOIN crm.questionnaire_answer b
        ON b.tenant_id = $1 AND b.run_id = one.run_id AND b.question = $8
       AND b.is_current AND b.is_on_path AND b.answer <> 'null',
           LATERAL {_SEVERAL.format("one.answer")} AS x (value),
           LATERAL {_SEVERAL.format("b.answer")} AS y (value)
     WHERE one.answer <> 'null'
     GROUP BY 1, 2 LIMIT 10000
"""  # noqa: S608 - constants
_EACH = f"""
    SELECT {", ".join(f"r.{column}" for column in _COUNTED.split(", "))},
           (SELECT jsonb_object_agg(a.question, a.answer) FROM crm.questionnaire_answer a
             WHERE a.tenant_id = r.tenant_id AND a.run_id = r.run_id
               AND a.is_current AND a.is_on_path) AS answers
      FROM crm.questionnaire_run r
     WHERE {_RUNS} AND {scopes.of_rows("r", "$1", "$7", own=("agent_id",))} ORDER BY r.run_id
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Scope:
    """Which interviews are meant. ``number`` None: of all versions."""

    questionnaire_id: UUID
    number: int | None
    begins: datetime | None
    ends: datetime | None
    with_unfinished: bool

    def arguments(self, tenant_id: UUID) -> tuple[object, ...]:
        """Return them in the order of the statements' conditions."""
        return (
            *(tenant_id, self.questionnaire_id, self.number, self.begins, self.ends),
            self.with_unfinished,
        )


async def results(
    conn: Connection, *, tenant_id: UUID, scope: Scope, design: QuestionnaireDesign, number: int
) -> QuestionnaireResults:
    """Return what was answered to the questions of a design."""
    arguments = scope.arguments(tenant_id)
    totals = await conn.fetchrow(_TOTALS, *arguments[:5], True)
    assert totals is not None
    figures = {row["question"]: row for row in await conn.fetch(_PER_QUESTION, *arguments)}
    counted = [each.key for each in design.questions if each.kind is not AnswerKind.TEXT]
    values: dict[str, dict[str, int]] = {}
    for row in await conn.fetch(_VALUES, *arguments, counted):
        values.setdefault(row["question"], {})[row["value"]] = row["count"]
    language = design.languages[0]
    questions = []
    for question in design.questions:
        told = figures.get(question.key)
        answered = told["answered"] if told is not None else 0
        found = values.get(question.key, {})
        questions.append(
            QuestionResult(
                question=question.key,
                kind=question.kind,
                text=question.texts[language],
                answered=answered,
                passed_over=told["passed_over"] if told is not None else 0,
                values=_counted(question, found, answered, language),
                average=told["average"] if told is not None else None,
                least=told["least"] if told is not None else None,
                most=told["most"] if told is not None else None,
            )
        )
    return QuestionnaireResults(
        questionnaire_id=scope.questionnaire_id, number=number, questions=questions, **totals
    )


async def cross(
    conn: Connection,
    *,
    tenant_id: UUID,
    scope: Scope,
    row: DesignedQuestion,
    column: DesignedQuestion,
) -> CrossTable:
    """Return how many gave which answers to two questions."""
    found = await conn.fetch(_CROSS, *scope.arguments(tenant_id), row.key, column.key)
    counts = {(each["row"], each["column"]): each["count"] for each in found}
    rows = _order(row, {one for one, _ in counts})
    columns = _order(column, {other for _, other in counts})
    return CrossTable(
        row_question=row.key,
        column_question=column.key,
        rows=rows,
        columns=columns,
        counts=[[counts.get((one, other), 0) for other in columns] for one in rows],
    )


async def lines(
    conn: Connection, *, seen: scopes.Scope, scope: Scope, keys: list[str]
) -> AsyncIterator[bytes]:
    """Yield a CSV file block by block: a line for each interview, a column for each question.

    Interviews of customers outside of ``seen`` are not in it, but for those that he led himself.

    No spreadsheet runs what somebody has answered.
    """
    yield "\ufeff".encode() + _csv([[*_HEAD, *keys]])
    block: list[list[object]] = []
    async for row in conn.cursor(
        _EACH, *scope.arguments(seen.tenant_id), seen.user_id, prefetch=_BLOCK
    ):
        answers = orjson.loads(row["answers"]) if row["answers"] else {}
        told = [_cell(value) for name, value in row.items() if name != "answers"]
        block.append([*told, *(_cell(answers.get(key)) for key in keys)])
        if len(block) >= _BLOCK:
            yield _csv(block)
            block = []
    yield _csv(block)


def _counted(
    question: DesignedQuestion, found: dict[str, int], answered: int, language: str
) -> list[CountedValue]:
    texts = {choice.value: choice.texts[language] for choice in question.choices}
    values = [*texts, *(value for value in _order(question, set(found)) if value not in texts)]
    if question.kind is AnswerKind.TEXT:
        values = []
    return [
        CountedValue(
            value=value,
            text=texts.get(value, value),
            count=found.get(value, 0),
            share=found.get(value, 0) / answered if answered else 0.0,
        )
        for value in values[:_MAX_VALUES]
    ]


def _order(question: DesignedQuestion, found: set[str]) -> list[str]:
    if question.kind in (AnswerKind.SCALE, AnswerKind.NUMBER):
        return sorted(found, key=float)
    known = [choice.value for choice in question.choices]
    return [*known, *sorted(found - set(known))]


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return safe_cell(" ".join(str(each) for each in value))
    return safe_cell(str(value))


def _csv(rows: list[list[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
