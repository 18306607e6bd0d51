"""The script for a call, with the customer's data as far as the caller sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.scripts.choice import fitting
from ringway.crm_api.core.scripts.definition import BindingKind
from ringway.crm_api.core.scripts.render import Person, render_page, salutation, surname, title
from ringway.crm_api.customers import fields as known_fields
from ringway.crm_api.customers import scope
from ringway.crm_api.customers import store as customers
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Invalid, NotFound
from ringway.crm_api.interactions import store as interactions
from ringway.crm_api.scripts import service, store
from ringway.crm_api.scripts.schemas import RenderedPage, RenderedScript, ScriptAnswerView
from ringway.crm_api.tenants import store as tenants
from ringway.crm_api.users import store as users
from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Wanted:
    """For what a script is looked for. What is given counts more than what the call says."""

    script_id: UUID | None = None
    interaction_id: UUID | None = None
    customer_id: UUID | None = None
    language: str | None = None
    call: Mapping[BindingKind, str] | None = None


async def rendered(deps: Deps, caller: Caller, wanted: Wanted) -> RenderedScript:
    """Return the script that is most exactly for a call, with its values.

    Raises:
        NotFound: There is no such script, interaction or customer that the caller sees; or no
            published script is for this call.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        call, customer_id = dict(wanted.call or {}), wanted.customer_id
        if wanted.interaction_id is not None:
            found = await _interaction(conn, caller, wanted.interaction_id)
            call = {**_call_of(found), **call}
            if customer_id is None:
                customer_id = await _customer_of(conn, caller, found)
        script = await _script(conn, caller, wanted, call)
        values = await _values(conn, caller, customer_id, script.language)
    definition = script.definition
    pages = []
    for key, page in definition.pages.items():
        said = render_page(definition, page, values, script.language)
        pages.append(
            RenderedPage(
                page=key,
                title=page.title,
                text=said.text,
                html=said.html,
                missing=list(said.missing),
                answers=[ScriptAnswerView(label=each.label, to=each.to) for each in page.answers],
            )
        )
    return RenderedScript(
        script_id=script.script_id,
        name=script.name,
        version=script.version,
        language=script.language,
        customer_id=customer_id,
        start=definition.start,
        pages=pages,
    )


async def _script(
    conn: Connection, caller: Caller, wanted: Wanted, call: Mapping[BindingKind, str]
) -> store.Stored:
    if wanted.script_id is not None:
        return await service.find(conn, caller, wanted.script_id)
    published = await store.published(conn, tenant_id=caller.tenant_id, language=wanted.language)
    found = fitting(published, call)
    if not found:
        raise NotFound("script_not_found", "No published script is for this call.")
    return await service.find(conn, caller, found[0].script_id)


async def _interaction(
    conn: Connection, caller: Caller, interaction_id: UUID
) -> interactions.Interaction:
    key = {"tenant_id": caller.tenant_id, "interaction_id": interaction_id}
    found = await interactions.get(conn, **key)
    if found is not None and not caller.may(Permission.INTERACTIONS_ALL):
        parts = await interactions.segments_of(conn, **key)
        if caller.user_id not in {found.row.agent_id, *(part.agent_id for part in parts)}:
            found = None
    if found is None:
        raise NotFound("interaction_not_found", f"There is no interaction {interaction_id}.")
    return found


def _call_of(found: interactions.Interaction) -> dict[BindingKind, str]:
    row = found.row
    service_number = row.called if row.direction == "inbound" else row.caller
    known = {
        BindingKind.CAMPAIGN: row.campaign_id,
        BindingKind.QUEUE: row.queue_id,
        BindingKind.SERVICE_NUMBER: service_number,
    }
    return {kind: str(value) for kind, value in known.items() if value}


async def _customer_of(
    conn: Connection, caller: Caller, found: interactions.Interaction
) -> UUID | None:
    """Return the one customer of the other party's number; None: nobody, or it is not clear."""
    row = found.row
    number = row.caller if row.direction == "inbound" else row.called
    rows = await conn.fetch(
        "SELECT customer_id FROM crm.customer_number "
        "WHERE tenant_id = $1 AND phone_e164 = $2 ORDER BY customer_id LIMIT 20",
        *(caller.tenant_id, number),
    )
    ids = [each["customer_id"] for each in rows]
    seen = await scope.visible(conn, scope.of(caller), ids) if ids else set()
    return seen.pop() if len(seen) == 1 else None


async def _values(
    conn: Connection, caller: Caller, customer_id: UUID | None, language: str
) -> dict[str, str]:
    tenant = await tenants.get(conn, tenant_id=caller.tenant_id)
    user = await users.get(conn, tenant_id=caller.tenant_id, user_id=caller.user_id)
    values = {
        "enterprise.name": tenant.name if tenant is not None else "",
        "agent.name": (user.display_name or user.username) if user is not None else "",
        "agent.number": caller.agent_number or "",
    }
    if customer_id is None:
        return values
    if not caller.may(Permission.CUSTOMERS_READ):
        raise Invalid("customer_hidden", "customer_id: your role does not see customers.")
    customer = None
    if await scope.sees(conn, scope.of(caller), customer_id):
        customer = await customers.get(conn, tenant_id=caller.tenant_id, customer_id=customer_id)
    if customer is None:
        raise NotFound("customer_not_found", f"There is no customer {customer_id}.")
    person = Person(customer.name, customer.sex if customer.kind == "person" else None)
    fields = await known_fields.of(conn, caller)
    own = {
        f"customer.data.{key}": _text(value) for key, value in fields.shown(customer.data).items()
    }
    return {
        **values,
        **own,
        "customer.name": customer.name,
        "customer.surname": surname(customer.name) if customer.kind == "person" else customer.name,
        "customer.title": title(person, language) or customer.title,
        "customer.salutation": salutation(person, language),
        "customer.phone": customer.phone_e164,
        "customer.grade": customer.grade or "",
    }


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return str(value)
