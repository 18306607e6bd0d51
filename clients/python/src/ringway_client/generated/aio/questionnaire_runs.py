"""Questionnaire runs. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class QuestionnaireRuns:
    """Questionnaire runs."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def answer_question(
        self,
        interview_id: UUID | str,
        body: models.AnswerToQuestion | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.QuestionnaireRun:
        """Answer the question that is asked, or correct an answer. The same again changes nothing.

        Permission: ``questionnaires.run``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/questionnaire-runs/{_quoted(interview_id)}/answers",
                models.QuestionnaireRun,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def break_off_questionnaire(
        self,
        interview_id: UUID | str,
        body: models.BreakOff | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.QuestionnaireRun:
        """Stop for now: the answers stay, and another call may go on.

        Permission: ``questionnaires.run``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/questionnaire-runs/{_quoted(interview_id)}/break-off",
                models.QuestionnaireRun,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def finish_questionnaire(
        self, interview_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.QuestionnaireRun:
        """End an interview of which nothing is left to ask.

        Permission: ``questionnaires.run``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/questionnaire-runs/{_quoted(interview_id)}/finish",
                models.QuestionnaireRun,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    async def get_questionnaire_run(self, interview_id: UUID | str) -> models.QuestionnaireRun:
        """Return an interview, what was answered, and what is asked now.

        Permission: ``questionnaires.run``.
        """
        return await self._client.send(
            _core.Call(
                "GET", f"/questionnaire-runs/{_quoted(interview_id)}", models.QuestionnaireRun
            )
        )

    async def go_back(
        self, interview_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.QuestionnaireRun:
        """Ask the question before again. Its answer stays until there is another.

        Permission: ``questionnaires.run``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/questionnaire-runs/{_quoted(interview_id)}/back",
                models.QuestionnaireRun,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    async def resume_questionnaire(
        self, interview_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.QuestionnaireRun:
        """Go on with an interview that was broken off, at the first open question.

        Permission: ``questionnaires.run``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/questionnaire-runs/{_quoted(interview_id)}/resume",
                models.QuestionnaireRun,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )
