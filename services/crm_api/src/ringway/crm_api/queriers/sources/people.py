"""Agents, what they did when, and their teams."""

from __future__ import annotations

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.queriers.catalogue import (
    FieldKind,
    Fragment,
    Reference,
    Source,
    fields_of,
    references_of,
)
from ringway.crm_api.queriers.sources.making import field, own
from ringway.runtime.postgres import Connection

_K = FieldKind
_P = Permission
# Nothing of how somebody signs in.
_AGENT = fields_of(
    field("user_id", _K.ID, "Id", "编号"),
    field("username", _K.TEXT, "User name", "用户名"),
    field("display_name", _K.TEXT, "Name", "姓名"),
    field("role", _K.TEXT, "Role", "角色"),
    field("agent_number", _K.TEXT, "Agent number", "工号"),
    field("is_enabled", _K.BOOLEAN, "Enabled", "启用"),
    field("created_at", _K.TIME, "Created", "创建时间"),
)
_STATE = fields_of(
    field("message_id", _K.TEXT, "Id", "编号"),
    field("agent_id", _K.ID, "Agent's id", "坐席编号"),
    field("previous", _K.TEXT, "State that ended", "结束的状态"),
    field("previous_s", _K.NUMBER, "It lasted, s", "持续秒数"),
    field("state", _K.TEXT, "State that began", "开始的状态"),
    field("reason", _K.TEXT, "Reason", "原因"),
    field("interaction_id", _K.ID, "Interaction", "通话编号"),
    field("at", _K.TIME, "Time", "时间", sql="{t}.occurred_at"),
)
_TEAM = fields_of(
    field("team_id", _K.ID, "Id", "编号"),
    field("name", _K.TEXT, "Team", "班组"),
    field("kind", _K.TEXT, "Kind", "类型", options=("department", "team")),
)
_HIS_TEAM = (
    "{r}.team_id = (SELECT m.team_id FROM crm.team_member m "
    "WHERE m.tenant_id = {t}.tenant_id AND m.user_id = {t}.user_id)"
)


async def sources(conn: Connection, caller: Caller) -> list[Source]:
    """Return what of people the caller may ask: himself, and all with USERS_READ."""
    people = Source(
        name="agents",
        label_en="Agents and other users",
        label_zh="坐席与用户",
        table="crm.user_account",
        key="user_id",
        fields=_AGENT,
        references=references_of(Reference("team", "teams", "Team", _HIS_TEAM, "班组")),
        scope=None if caller.may(_P.AGENTS_READ) else _himself(caller),
        search=("username", "display_name", "agent_number"),
        title=("username", "display_name", "agent_number"),
        newest="user_id",
    )
    found = [people]
    if caller.may(_P.INTERACTIONS_READ):
        found.append(
            Source(
                name="agent_states",
                label_en="Agents' changes of state",
                label_zh="坐席状态",
                table="crm.agent_state_log",
                key="message_id",
                fields=_STATE,
                references=references_of(
                    Reference("agent", "agents", "Agent", "{r}.user_id = {t}.agent_id", "坐席")
                ),
                scope=own(caller, _P.INTERACTIONS_ALL, "agent_id"),
                newest="at",
            )
        )
    if caller.may(_P.TEAMS_READ):
        parent = "{r}.team_id = {t}.parent_id"
        found.append(
            Source(
                name="teams",
                label_en="Departments and teams",
                label_zh="部门与班组",
                table="crm.team",
                key="team_id",
                fields=_TEAM,
                references=references_of(
                    Reference("parent", "teams", "Department above", parent, "上级部门")
                ),
                title=("name", "kind"),
                search=("name",),
            )
        )
    return found


def _himself(caller: Caller) -> Fragment | None:
    return own(caller, _P.USERS_READ, "user_id")
