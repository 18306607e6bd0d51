"""Agents' talk scripts: kept with their versions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, NotFound, PreconditionFailed
from ringway.crm_api.etag import says_nothing_new
from ringway.crm_api.scripts import store
from ringway.crm_api.scripts.schemas import ScriptBody, ScriptState, ScriptView
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_MOST = 1_000


async def create(deps: Deps, caller: Caller, new: ScriptBody) -> ScriptView:
    """Make a script. Raises Conflict when its name is taken, or there are too many."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if await store.count(conn, tenant_id=caller.tenant_id) >= _MOST:
            raise Conflict("script_limit", f"There are {_MOST} scripts already.")
        return await _put(deps, conn, caller, uuid7(), new, "script.created")


async def get(deps: Deps, caller: Caller, script_id: UUID) -> ScriptView:
    """Return one script. Raises NotFound, also of drafts for those who do not write scripts."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        return ScriptView.model_validate(await find(conn, caller, script_id))


async def change(
    deps: Deps, caller: Caller, script_id: UUID, version: int | None, wanted: ScriptBody
) -> ScriptView:
    """Change a script.

    Raises:
        NotFound: There is no such script.
        PreconditionFailed: It was changed since ``version``.
        Conflict: Its name is taken.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await find(conn, caller, script_id, lock=True)
        _check_version(present, version)
        shown = ScriptView.model_validate(present)
        if says_nothing_new(shown, wanted):
            return shown
        return await _put(deps, conn, caller, script_id, wanted, "script.changed")


async def restore(
    deps: Deps, caller: Caller, script_id: UUID, number: int, version: int | None
) -> ScriptView:
    """Let a script be as it was in a version, in its present state. Raises as :func:`change`."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await find(conn, caller, script_id, lock=True)
        _check_version(present, version)
        old = await find_version(conn, caller, script_id, number)
        wanted = ScriptBody.model_validate({**old.content, "state": present.state})
        return await _put(deps, conn, caller, script_id, wanted, "script.restored")


async def remove(deps: Deps, caller: Caller, script_id: UUID, version: int | None) -> None:
    """Remove a script. Raises as :func:`change` does."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await find(conn, caller, script_id, lock=True)
        _check_version(present, version)
        await store.remove(conn, tenant_id=caller.tenant_id, script_id=script_id)
        await _audit(deps, conn, caller, "script.removed", script_id, {"name": present.name})


async def find(
    conn: Connection, caller: Caller, script_id: UUID, *, lock: bool = False
) -> store.Stored:
    """Return a script that the caller sees. Raises NotFound."""
    found = await store.get(conn, tenant_id=caller.tenant_id, script_id=script_id, lock=lock)
    hidden = found is not None and found.state != ScriptState.PUBLISHED
    if found is None or (hidden and not caller.may(Permission.SCRIPTS_WRITE)):
        raise NotFound("script_not_found", f"There is no script {script_id}.")
    return found


async def find_version(
    conn: Connection, caller: Caller, script_id: UUID, number: int
) -> store.Version:
    """Return one version of a script. Raises NotFound."""
    found = await store.version(
        conn, tenant_id=caller.tenant_id, script_id=script_id, number=number
    )
    if found is None:
        raise NotFound("version_not_found", f"The script has no version {number}.")
    return found


async def _put(
    deps: Deps, conn: Connection, caller: Caller, script_id: UUID, wanted: ScriptBody, action: str
) -> ScriptView:
    try:
        made = await store.put(
            conn,
            tenant_id=caller.tenant_id,
            script_id=script_id,
            name=wanted.name,
            language=wanted.language.value,
            state=wanted.state.value,
            definition=wanted.definition,
            bindings=wanted.bindings,
            by=caller.username,
            now=deps.now(),
        )
    except store.ScriptNameTaken:
        raise Conflict("script_name_taken", f"There is a script {wanted.name}.") from None
    detail = {"name": made.name, "version": made.version, "state": made.state}
    await _audit(deps, conn, caller, action, script_id, detail)
    return ScriptView.model_validate(made)


def _check_version(present: store.Stored, version: int | None) -> None:
    if version is not None and version != present.version:
        raise PreconditionFailed(
            "script_changed",
            "The script was changed meanwhile; `current` is what it is now.",
            extra={"current": ScriptView.model_validate(present).model_dump(mode="json")},
        )


async def _audit(
    deps: Deps, conn: Connection, caller: Caller, action: str, script_id: UUID, detail: Any
) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=action,
        object_type="script",
        object_id=script_id,
        detail=detail,
    )
