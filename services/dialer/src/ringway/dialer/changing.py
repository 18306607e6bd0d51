"""A transaction that a request asks for, and what is said when it cannot be carried out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from ringway.dialer import (
    callback_store,
    callback_wishes,
    consent_store,
    disposition_store,
    dnc_store,
)
from ringway.dialer.tenants import tenant_id_of
from ringway.proto.base import Request
from ringway.runtime.errors import Refused
from ringway.runtime.postgres import Connection, Pool

# By what went wrong: the code, and words for people, in which {} is what the error names.
REFUSALS: Final[Mapping[type[Exception], tuple[str, str]]] = {
    callback_store.LeadMissing: ("lead_not_found", "The campaign has no such lead."),
    callback_store.CallbackMissing: ("callback_not_found", "There is no such call-back."),
    callback_store.CallbackOver: ("callback_over", "The call-back is {}; make a new one."),
    callback_store.CallbackOfAnother: (
        "callback_not_yours",
        "The call-back was promised with another agent.",
    ),
    callback_wishes.CallbackInvalid: ("callback_invalid", "{}"),
    disposition_store.AttemptMissing: ("attempt_not_found", "No campaign dialed this call."),
    disposition_store.NotYours: ("disposition_not_yours", "You did not have this call."),
    disposition_store.CodeUnknown: (
        "disposition_unknown",
        "The catalogue has no disposition {} to choose.",
    ),
    dnc_store.ListMissing: ("dnc_list_not_found", "There is no such list; create it first."),
    dnc_store.ListInvalid: (
        "dnc_list_invalid",
        (
            "The list's scope is {}: national lists are replaced by files and nothing else, and a"
            " scope stays what it is."
        ),
    ),
    dnc_store.ListInUse: ("dnc_list_in_use", "Campaign {} obeys this list; change that first."),
    dnc_store.EntryMissing: ("dnc_entry_not_found", "The number is not in this list."),
    dnc_store.LoadOver: (
        "dnc_load_over",
        "This file was replaced or cancelled; begin again with a new id.",
    ),
    consent_store.ConsentMissing: (
        "consent_not_found",
        "No consent of this number for that is in force.",
    ),
}


@asynccontextmanager
async def changing(pool: Pool, request: Request) -> AsyncIterator[tuple[Connection, UUID]]:
    """Open a transaction of the request's tenant.

    Raises:
        Refused: What the stores say cannot be done.
    """
    tenant_id = tenant_id_of(request)
    try:
        async with pool.tenant(tenant_id) as conn:
            yield conn, tenant_id
    except tuple(REFUSALS) as exc:
        code, words = REFUSALS[type(exc)]
        raise Refused(code, words.replace("{}", str(exc))) from exc
