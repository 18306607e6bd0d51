"""Designing questionnaires: a draft that changes, and versions that never do."""

from __future__ import annotations

from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.questionnaires.answers import is_by_phone
from ringway.crm_api.core.questionnaires.check import faults
from ringway.crm_api.core.questionnaires.design import QuestionnaireDesign
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Invalid, NotFound, PreconditionFailed
from ringway.crm_api.etag import says_nothing_new
from ringway.crm_api.questionnaires import store
from ringway.crm_api.questionnaires.schemas import (
    DesignCheck,
    FaultView,
    QuestionnaireBody,
    QuestionnaireVersion,
    QuestionnaireView,
)
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection


async def find(
    conn: Connection, tenant_id: UUID, questionnaire_id: UUID, *, lock: bool = False
) -> tuple[store.Questionnaire, QuestionnaireDesign]:
    """Return a questionnaire of the tenant and its draft. Raises NotFound."""
    found = await store.get(conn, tenant_id=tenant_id, questionnaire_id=questionnaire_id, lock=lock)
    if found is None:
        raise NotFound("questionnaire_not_found", f"There is no questionnaire {questionnaire_id}.")
    return found


async def view(conn: Connection, tenant_id: UUID, questionnaire_id: UUID) -> QuestionnaireView:
    """Return a questionnaire with its draft. Raises NotFound."""
    return _view(*await find(conn, tenant_id, questionnaire_id))


async def put(
    deps: Deps,
    caller: Caller,
    questionnaire_id: UUID | None,
    version: int | None,
    wanted: QuestionnaireBody,
) -> QuestionnaireView:
    """Create a questionnaire, or change its draft. Raises NotFound and PreconditionFailed."""
    made = questionnaire_id or uuid7()
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if questionnaire_id is not None:
            await _locked(conn, caller, questionnaire_id, version)
            shown = await view(conn, caller.tenant_id, questionnaire_id)
            if says_nothing_new(shown, wanted):
                return shown
        await store.put(
            conn,
            tenant_id=caller.tenant_id,
            questionnaire_id=made,
            name=wanted.name,
            draft=wanted.design,
            now=deps.now(),
        )
        action = "questionnaire.created" if questionnaire_id is None else "questionnaire.changed"
        await _note(deps, conn, caller, action, made, {"name": wanted.name})
        return await view(conn, caller.tenant_id, made)


def check(draft: QuestionnaireDesign) -> DesignCheck:
    """Return what is wrong with a draft."""
    return DesignCheck(
        faults=[FaultView.model_validate(each) for each in faults(draft)],
        is_by_phone=is_by_phone(draft),
    )


async def publish(
    deps: Deps, caller: Caller, questionnaire_id: UUID, version: int | None
) -> QuestionnaireVersion:
    """Make a version of the draft, that is asked from now on.

    Raises:
        Invalid: The draft has faults.
        PreconditionFailed: It was changed since ``version``.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        draft = await _locked(conn, caller, questionnaire_id, version)
        found = check(draft)
        if found.faults:
            raise Invalid(
                "design_invalid",
                "; ".join(f"{each.question}: {each.detail}" for each in found.faults[:3]),
                extra={"faults": [each.model_dump() for each in found.faults]},
            )
        number = await store.publish(
            conn,
            tenant_id=caller.tenant_id,
            questionnaire_id=questionnaire_id,
            by=caller.username,
            now=deps.now(),
        )
        await _note(
            deps, conn, caller, "questionnaire.published", questionnaire_id, {"number": number}
        )
        return await of_number(conn, caller.tenant_id, questionnaire_id, number)


async def archive(deps: Deps, caller: Caller, questionnaire_id: UUID, version: int | None) -> None:
    """Let nobody be asked any more. What was answered stays."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await _locked(conn, caller, questionnaire_id, version)
        await store.archive(
            conn, tenant_id=caller.tenant_id, questionnaire_id=questionnaire_id, now=deps.now()
        )
        await _note(deps, conn, caller, "questionnaire.archived", questionnaire_id, {})


async def of_number(
    conn: Connection, tenant_id: UUID, questionnaire_id: UUID, number: int
) -> QuestionnaireVersion:
    """Return one published version. Raises NotFound."""
    found = await store.versions(
        conn, tenant_id=tenant_id, questionnaire_id=questionnaire_id, number=number, limit=1
    )
    if not found:
        raise NotFound("version_not_found", f"There is no version {number} of it.")
    return QuestionnaireVersion.model_validate(found[0])


async def _locked(
    conn: Connection, caller: Caller, questionnaire_id: UUID, version: int | None
) -> QuestionnaireDesign:
    present, draft = await find(conn, caller.tenant_id, questionnaire_id, lock=True)
    if version is not None and version != present.version:
        raise PreconditionFailed(
            "questionnaire_changed",
            "The questionnaire was changed meanwhile; `current` is what it is now.",
            extra={"current": _view(present, draft).model_dump(mode="json")},
        )
    return draft


def _view(present: store.Questionnaire, draft: QuestionnaireDesign) -> QuestionnaireView:
    return QuestionnaireView(
        questionnaire_id=present.questionnaire_id,
        name=present.name,
        latest=present.latest,
        is_archived=present.is_archived,
        version=present.version,
        created_at=present.created_at,
        updated_at=present.updated_at,
        design=draft,
    )


async def _note(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    action: str,
    questionnaire_id: UUID,
    detail: dict[str, object],
) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=action,
        object_type="questionnaire",
        object_id=questionnaire_id,
        detail=detail,
    )
