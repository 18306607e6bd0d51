"""Questionnaires. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class Questionnaires:
    """Questionnaires."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def archive_questionnaire(
        self, questionnaire_id: UUID | str, *, if_match: int | str | None = None
    ) -> None:
        """Let nobody be asked any more. What was answered stays; publishing it again brings it
        back.

        Permission: ``questionnaires.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/questionnaires/{_quoted(questionnaire_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    async def begin_questionnaire(
        self,
        questionnaire_id: UUID | str,
        body: models.NewQuestionnaireRun | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.QuestionnaireRun:
        """Begin an interview with the last published version. A call finds the one it has begun.

        Permission: ``questionnaires.run``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/questionnaires/{_quoted(questionnaire_id)}/runs",
                models.QuestionnaireRun,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def change_questionnaire(
        self,
        questionnaire_id: UUID | str,
        body: models.QuestionnaireBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.QuestionnaireView:
        """Change the draft. Interviews go on with the version with which they began.

        Permission: ``questionnaires.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/questionnaires/{_quoted(questionnaire_id)}",
                models.QuestionnaireView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def check_questionnaire(self, questionnaire_id: UUID | str) -> models.DesignCheck:
        """Say what is wrong with the draft: ways that never end, questions that nobody is asked.

        Permission: ``questionnaires.write``.
        """
        return await self._client.send(
            _core.Call(
                "GET", f"/questionnaires/{_quoted(questionnaire_id)}/check", models.DesignCheck
            )
        )

    async def create_questionnaire(
        self,
        body: models.QuestionnaireBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.QuestionnaireView:
        """Begin to design a questionnaire. A draft may have faults; publishing it may not.

        Permission: ``questionnaires.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/questionnaires",
                models.QuestionnaireView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def export_questionnaire(
        self,
        questionnaire_id: UUID | str,
        *,
        number: int | None = None,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
        with_unfinished: bool | None = None,
    ) -> bytes:
        """Return all interviews as a CSV file, of one version or of all. It is audited.

        Permission: ``questionnaires.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/questionnaires/{_quoted(questionnaire_id)}/export",
                bytes,
                query={
                    "number": number,
                    "from": from_,
                    "to": to,
                    "with_unfinished": with_unfinished,
                },
            )
        )

    async def get_questionnaire(self, questionnaire_id: UUID | str) -> models.QuestionnaireView:
        """Return a questionnaire with its draft.

        Permission: ``questionnaires.run``.
        """
        return await self._client.send(
            _core.Call(
                "GET", f"/questionnaires/{_quoted(questionnaire_id)}", models.QuestionnaireView
            )
        )

    async def get_questionnaire_cross_table(
        self,
        questionnaire_id: UUID | str,
        *,
        row: str,
        column: str,
        number: int | None = None,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
        with_unfinished: bool | None = None,
    ) -> models.CrossTable:
        """Count which answers to one question go with which to another.

        Permission: ``questionnaires.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/questionnaires/{_quoted(questionnaire_id)}/cross-table",
                models.CrossTable,
                query={
                    "row": row,
                    "column": column,
                    "number": number,
                    "from": from_,
                    "to": to,
                    "with_unfinished": with_unfinished,
                },
            )
        )

    async def get_questionnaire_results(
        self,
        questionnaire_id: UUID | str,
        *,
        number: int | None = None,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
        with_unfinished: bool | None = None,
    ) -> models.QuestionnaireResults:
        """Count what was answered, with shares, by question of one version.

        Permission: ``questionnaires.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/questionnaires/{_quoted(questionnaire_id)}/results",
                models.QuestionnaireResults,
                query={
                    "number": number,
                    "from": from_,
                    "to": to,
                    "with_unfinished": with_unfinished,
                },
            )
        )

    async def list_questionnaire_runs(
        self,
        questionnaire_id: UUID | str,
        *,
        state: str | None = None,
        agent_id: UUID | str | None = None,
        customer_id: UUID | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageQuestionnaireRunSummary:
        """List the interviews of a questionnaire, newest first.

        Permission: ``questionnaires.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/questionnaires/{_quoted(questionnaire_id)}/runs",
                models.PageQuestionnaireRunSummary,
                query={
                    "state": state,
                    "agent_id": agent_id,
                    "customer_id": customer_id,
                    "limit": limit,
                    "cursor": cursor,
                },
            )
        )

    async def iter_questionnaire_runs(
        self,
        questionnaire_id: UUID | str,
        *,
        state: str | None = None,
        agent_id: UUID | str | None = None,
        customer_id: UUID | str | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[models.QuestionnaireRunSummary]:
        """Yield all items of :meth:`list_questionnaire_runs`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_questionnaire_runs(
                questionnaire_id,
                state=state,
                agent_id=agent_id,
                customer_id=customer_id,
                limit=limit,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def list_questionnaire_versions(
        self, questionnaire_id: UUID | str
    ) -> list[models.QuestionnaireVersion]:
        """List the last hundred published versions, newest first.

        Permission: ``questionnaires.run``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/questionnaires/{_quoted(questionnaire_id)}/versions",
                list[models.QuestionnaireVersion],
            )
        )

    async def list_questionnaires(
        self,
        *,
        with_archived: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageQuestionnaireSummary:
        """List questionnaires.

        Permission: ``questionnaires.run``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/questionnaires",
                models.PageQuestionnaireSummary,
                query={"with_archived": with_archived, "limit": limit, "cursor": cursor},
            )
        )

    async def iter_questionnaires(
        self, *, with_archived: bool | None = None, limit: int | None = None
    ) -> AsyncIterator[models.QuestionnaireSummary]:
        """Yield all items of :meth:`list_questionnaires`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_questionnaires(
                with_archived=with_archived, limit=limit, cursor=cursor
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def publish_questionnaire(
        self,
        questionnaire_id: UUID | str,
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.QuestionnaireVersion:
        """Make a version of the draft: it is asked from now on, and never changes.

        Permission: ``questionnaires.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/questionnaires/{_quoted(questionnaire_id)}/versions",
                models.QuestionnaireVersion,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
            )
        )
