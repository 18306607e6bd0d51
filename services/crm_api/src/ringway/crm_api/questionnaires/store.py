"""Questionnaires, their versions, interviews and answers. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ringway.crm_api.core.questionnaires.answers import Answer
from ringway.crm_api.core.questionnaires.design import QuestionnaireDesign
from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.customers.scope import Scope
from ringway.runtime.postgres import Connection

_SUMMARY = "questionnaire_id, name, latest, is_archived, version, created_at, updated_at"
_GET = f"""
    SELECT {_SUMMARY}, draft FROM crm.questionnaire
     WHERE tenant_id = $1 AND questionnaire_id = $2
"""  # noqa: S608 - a constant
_PAGE = f"""
    SELECT {_SUMMARY} FROM crm.questionnaire
     WHERE tenant_id = $1 AND ($2::uuid IS NULL OR questionnaire_id > $2)
       AND (NOT is_archived OR $3)
     ORDER BY questionnaire_id LIMIT $4
"""  # noqa: S608 - a constant
_RUN = """
    run_id, questionnaire_id, number, language, channel, state, position, score, agent_id,
    customer_id, interaction_id, campaign_id, break_reason, started_at, updated_at, ended_at,
    version
"""
_GET_RUN = f"SELECT {_RUN} FROM crm.questionnaire_run WHERE tenant_id = $1 AND run_id = $2"  # noqa: S608
_RUN_OF_CALL = f"""
    SELECT {_RUN} FROM crm.questionnaire_run
     WHERE tenant_id = $1 AND questionnaire_id = $2 AND interaction_id = $3
"""  # noqa: S608 - a constant
_RUNS = f"""
    SELECT {_RUN} FROM crm.questionnaire_run r
     WHERE tenant_id = $1 AND questionnaire_id = $2 AND ($3::uuid IS NULL OR run_id < $3)
       AND ($4::text IS NULL OR state = $4) AND ($5::uuid IS NULL OR agent_id = $5)
       AND ($6::uuid IS NULL OR customer_id = $6)
       AND {scopes.of_rows("r", "$1", "$8", own=("agent_id",))}
     ORDER BY run_id DESC LIMIT $7
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """One row of ``crm.questionnaire``."""

    questionnaire_id: UUID
    name: str
    latest: int
    is_archived: bool
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """One row of ``crm.questionnaire_run``."""

    run_id: UUID
    questionnaire_id: UUID
    number: int
    language: str
    channel: str
    state: str
    position: str | None
    score: float
    agent_id: UUID | None
    customer_id: UUID | None
    interaction_id: UUID | None
    campaign_id: UUID | None
    break_reason: str
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that counts for its question now."""

    question: str
    answer: Answer
    is_on_path: bool
    answered_at: datetime


async def get(
    conn: Connection, *, tenant_id: UUID, questionnaire_id: UUID, lock: bool = False
) -> tuple[Questionnaire, QuestionnaireDesign] | None:
    """Return a questionnaire and its draft."""
    row = await conn.fetchrow(f"{_GET} FOR UPDATE" if lock else _GET, tenant_id, questionnaire_id)
    if row is None:
        return None
    fields = dict(row)
    draft = QuestionnaireDesign.model_validate_json(fields.pop("draft"))
    return Questionnaire(**fields), draft


async def page(
    conn: Connection, *, tenant_id: UUID, after: UUID | None, with_archived: bool, limit: int
) -> list[Questionnaire]:
    """Return questionnaires in the order in which they were made."""
    rows = await conn.fetch(_PAGE, tenant_id, after, with_archived, limit)
    return [Questionnaire(**row) for row in rows]


async def put(
    conn: Connection,
    *,
    tenant_id: UUID,
    questionnaire_id: UUID,
    name: str,
    draft: QuestionnaireDesign,
    now: datetime,
) -> None:
    """Create a questionnaire or change its draft."""
    await conn.execute(
        """
        INSERT INTO crm.questionnaire AS q (tenant_id, questionnaire_id, name, draft, created_at,
                                            updated_at)
        VALUES ($1, $2, $3, $4::jsonb, $5, $5)
        ON CONFLICT (tenant_id, questionnaire_id) DO UPDATE SET name = excluded.name,
            draft = excluded.draft, version = q.version + 1, updated_at = excluded.updated_at
        """,
        *(tenant_id, questionnaire_id, name, draft.model_dump_json(), now),
    )


async def archive(
    conn: Connection, *, tenant_id: UUID, questionnaire_id: UUID, now: datetime
) -> None:
    """Let nobody be asked any more."""
    await conn.execute(
        "UPDATE crm.questionnaire SET is_archived = true, version = version + 1, updated_at = $3 "
        "WHERE tenant_id = $1 AND questionnaire_id = $2",
        *(tenant_id, questionnaire_id, now),
    )


async def publish(
    conn: Connection, *, tenant_id: UUID, questionnaire_id: UUID, by: str, now: datetime
) -> int:
    """Make a version of the draft. Returns its number."""
    number: int = await conn.fetchval(
        """
        WITH raised AS (
            UPDATE crm.questionnaire SET latest = latest + 1, version = version + 1,
                   is_archived = false, updated_at = $4
             WHERE tenant_id = $1 AND questionnaire_id = $2 RETURNING latest, draft
        )
        INSERT INTO crm.questionnaire_version (tenant_id, questionnaire_id, number, design,
                                               published_by, published_at)
        SELECT $1, $2, latest, draft, $3, $4 FROM raised RETURNING number
        """,
        *(tenant_id, questionnaire_id, by, now),
    )
    return number


async def versions(
    conn: Connection, *, tenant_id: UUID, questionnaire_id: UUID, number: int | None, limit: int
) -> list[dict[str, Any]]:
    """Return published versions, newest first, or one of them."""
    rows = await conn.fetch(
        "SELECT questionnaire_id, number, design, published_by, published_at "
        "FROM crm.questionnaire_version WHERE tenant_id = $1 AND questionnaire_id = $2 "
        "AND ($3::integer IS NULL OR number = $3) ORDER BY number DESC LIMIT $4",
        *(tenant_id, questionnaire_id, number, limit),
    )
    return [
        {**row, "design": QuestionnaireDesign.model_validate_json(row["design"])} for row in rows
    ]


async def design_of(
    conn: Connection, *, tenant_id: UUID, questionnaire_id: UUID, number: int
) -> QuestionnaireDesign | None:
    """Return the design of a published version."""
    text = await conn.fetchval(
        "SELECT design FROM crm.questionnaire_version "
        "WHERE tenant_id = $1 AND questionnaire_id = $2 AND number = $3",
        *(tenant_id, questionnaire_id, number),
    )
    return QuestionnaireDesign.model_validate_json(text) if text is not None else None


async def begin(conn: Connection, *, tenant_id: UUID, run: Run) -> Run:
    """Begin an interview, or find the one that this call has begun."""
    await conn.execute(
        """
        INSERT INTO crm.questionnaire_run (tenant_id, run_id, questionnaire_id, number, language,
            channel, state, position, agent_id, customer_id, interaction_id, campaign_id,
            started_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, 'running', $7, $8, $9, $10, $11, $12, $12)
        ON CONFLICT (tenant_id, questionnaire_id, interaction_id) DO NOTHING
        """,
        *(tenant_id, run.run_id, run.questionnaire_id, run.number, run.language, run.channel),
        *(run.position, run.agent_id, run.customer_id, run.interaction_id, run.campaign_id),
        run.started_at,
    )
    if run.interaction_id is None:
        row = await conn.fetchrow(_GET_RUN, tenant_id, run.run_id)
    else:
        row = await conn.fetchrow(_RUN_OF_CALL, tenant_id, run.questionnaire_id, run.interaction_id)
    assert row is not None
    return Run(**row)


async def get_run(
    conn: Connection, *, tenant_id: UUID, run_id: UUID, lock: bool = False
) -> Run | None:
    """Return one interview; with ``lock`` nobody answers until the transaction ends."""
    row = await conn.fetchrow(f"{_GET_RUN} FOR UPDATE" if lock else _GET_RUN, tenant_id, run_id)
    return Run(**row) if row is not None else None


async def runs(
    conn: Connection,
    *,
    scope: Scope,
    questionnaire_id: UUID,
    before: UUID | None,
    state: str | None,
    agent_id: UUID | None,
    customer_id: UUID | None,
    limit: int,
) -> list[Run]:
    """Return interviews of customers in ``scope``, of nobody, or his own, newest first."""
    rows = await conn.fetch(
        _RUNS,
        *(scope.tenant_id, questionnaire_id, before, state, agent_id, customer_id, limit),
        scope.user_id,
    )
    return [Run(**row) for row in rows]


async def answers(conn: Connection, *, tenant_id: UUID, run_id: UUID) -> dict[str, Given]:
    """Return the answers that count, by question, in the order in which they were given."""
    rows = await conn.fetch(
        "SELECT question, answer, is_on_path, answered_at FROM crm.questionnaire_answer "
        "WHERE tenant_id = $1 AND run_id = $2 AND is_current ORDER BY seq",
        tenant_id,
        run_id,
    )
    return {
        row["question"]: Given(**{**row, "answer": orjson.loads(row["answer"])}) for row in rows
    }


async def add_answer(
    conn: Connection,
    *,
    tenant_id: UUID,
    run_id: UUID,
    question: str,
    answer: Answer,
    score: float,
    now: datetime,
) -> None:
    """Keep an answer; one that it corrects stays, and counts no more."""
    await conn.execute(
        "UPDATE crm.questionnaire_answer SET is_current = false, is_on_path = false "
        "WHERE tenant_id = $1 AND run_id = $2 AND question = $3 AND is_current",
        *(tenant_id, run_id, question),
    )
    await conn.execute(
        """
        INSERT INTO crm.questionnaire_answer (tenant_id, run_id, seq, question, answer, score,
                                              is_current, is_on_path, answered_at)
        SELECT $1, $2, coalesce(max(seq), 0) + 1, $3, $4::jsonb, $5, true, true, $6
          FROM crm.questionnaire_answer WHERE tenant_id = $1 AND run_id = $2
        """,
        *(tenant_id, run_id, question, orjson.dumps(answer).decode(), score, now),
    )


async def move(
    conn: Connection,
    *,
    tenant_id: UUID,
    run_id: UUID,
    state: str,
    position: str | None,
    path: Sequence[str],
    score: float,
    reason: str,
    now: datetime,
) -> Run:
    """Write where an interview is, and which answers are on its way."""
    await conn.execute(
        "UPDATE crm.questionnaire_answer SET is_on_path = question = ANY ($3) "
        "WHERE tenant_id = $1 AND run_id = $2 AND is_current "
        "AND is_on_path <> (question = ANY ($3))",
        *(tenant_id, run_id, list(path)),
    )
    await conn.execute(
        """
        UPDATE crm.questionnaire_run SET state = $3, position = $4, score = $5, break_reason = $6,
               ended_at = CASE WHEN $3 = 'running' THEN NULL ELSE $7::timestamptz END,
               updated_at = $7, version = version + 1
         WHERE tenant_id = $1 AND run_id = $2
        """,
        *(tenant_id, run_id, state, position, score, reason, now),
    )
    run = await get_run(conn, tenant_id=tenant_id, run_id=run_id)
    assert run is not None
    return run
