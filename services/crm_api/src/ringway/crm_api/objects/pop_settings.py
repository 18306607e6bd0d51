"""What of a customer, and which panels, agents see when an interaction arrives (R30)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from ringway.crm_api.schemas import Body, View
from ringway.runtime.postgres import Connection


class PopField(StrEnum):
    """A fixed field of customers. Own fields say it themselves, by `in_pop`."""

    KIND = "kind"
    TITLE = "title"
    SEX = "sex"
    BIRTH_DATE = "birth_date"
    AGE = "age"
    NUMBERS = "numbers"
    EMAILS = "emails"
    ADDRESS = "address"
    CONTACTS = "contacts"
    LANGUAGE = "language"
    TIME_ZONE = "time_zone"
    OWNER_ID = "owner_id"
    GRADE = "grade"
    INTENT = "intent"
    LEAD_STATUS = "lead_status"
    TAGS = "tags"
    FOLLOW_UP_AT = "follow_up_at"
    FOLLOWED_UP_AT = "followed_up_at"


class Panel(StrEnum):
    """A part of an agent's screen, beside the customer and the form."""

    HISTORY = "history"
    WORK_ORDERS = "work_orders"
    SALES_ORDERS = "sales_orders"
    FOLLOW_UPS = "follow_ups"
    CALLBACKS = "callbacks"
    SCRIPT = "script"
    KNOWLEDGE = "knowledge"
    QUESTIONNAIRES = "questionnaires"
    MEMBER_CARDS = "member_cards"
    ATTACHED = "attached"


_FIELDS = [
    PopField.TITLE,
    PopField.SEX,
    PopField.AGE,
    PopField.NUMBERS,
    PopField.ADDRESS,
    PopField.GRADE,
    PopField.TAGS,
]
_PANELS = [Panel.HISTORY, Panel.WORK_ORDERS, Panel.FOLLOW_UPS, Panel.SCRIPT, Panel.KNOWLEDGE]


class PopSettingsBody(Body):
    """What agents see, in this order; what is not named is not in the pop."""

    customer_fields: Annotated[list[PopField], Field(max_length=len(PopField))] = Field(
        default=_FIELDS, description="Beside the name and the number of the interaction."
    )
    panels: Annotated[list[Panel], Field(max_length=len(Panel))] = _PANELS

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        for name in ("customer_fields", "panels"):
            named = getattr(self, name)
            if len(set(named)) < len(named):
                raise ValueError(f"{name}: name each once")
        return self


class PopSettingsView(View):
    """What agents see when an interaction arrives."""

    customer_fields: list[PopField]
    panels: list[Panel]
    version: int


@dataclass(frozen=True, slots=True)
class PopSettings:
    """One row of ``crm.pop_settings``, or what holds without one: version 0."""

    body: PopSettingsBody
    version: int

    def view(self) -> PopSettingsView:
        """Return what the API tells."""
        return PopSettingsView(
            customer_fields=self.body.customer_fields,
            panels=self.body.panels,
            version=self.version,
        )


_SHIPPED = PopSettings(PopSettingsBody(), 0)


async def get(conn: Connection, *, tenant_id: UUID) -> PopSettings:
    """Return the settings of a tenant."""
    row = await conn.fetchrow(
        "SELECT settings, version FROM crm.pop_settings WHERE tenant_id = $1", tenant_id
    )
    if row is None:
        return _SHIPPED
    return PopSettings(PopSettingsBody.model_validate_json(row["settings"]), row["version"])


async def put(
    conn: Connection,
    *,
    tenant_id: UUID,
    version: int | None,
    body: PopSettingsBody,
    now: datetime,
) -> bool:
    """Replace the settings; whether ``version`` was the present one."""
    done = await conn.fetchval(
        """
        INSERT INTO crm.pop_settings AS s (tenant_id, settings, updated_at)
        SELECT $1, $3::jsonb, $4 WHERE $2::integer IS NULL OR $2 = 0
            OR EXISTS (SELECT 1 FROM crm.pop_settings WHERE tenant_id = $1)
        ON CONFLICT (tenant_id) DO UPDATE
           SET settings = excluded.settings, version = s.version + 1,
               updated_at = excluded.updated_at
         WHERE $2::integer IS NULL OR s.version = $2
        RETURNING true
        """,
        *(tenant_id, version, body.model_dump_json(), now),
    )
    return bool(done)
