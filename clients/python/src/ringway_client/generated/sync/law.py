"""Law. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import File, Sender
from ringway_client.sending import quoted as _quoted


class Law:
    """Law."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def add_dnc_entries(
        self,
        dnc_list_id: str,
        body: models.DncEntriesBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.DncAdded:
        """Add numbers; no call to them starts from now on. `own` is made when it is first needed.

        Permission: ``dnc.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/dnc-lists/{_quoted(dnc_list_id)}/entries",
                models.DncAdded,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def check_number(
        self, body: models.NumberQuestion | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.NumberAnswer:
        """Tell whether a number may be dialed now, and if not, why and from when on.

        Permission: ``dnc.read``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/numbers/check",
                models.NumberAnswer,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def count_refusals(
        self,
        campaign_id: UUID | str,
        *,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
    ) -> models.RefusalCounts:
        """Count refusals by reason; without times all of them.

        Permission: ``campaigns.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/campaigns/{_quoted(campaign_id)}/refusals/counts",
                models.RefusalCounts,
                query={"from": from_, "to": to},
            )
        )

    def create_dnc_list(
        self, body: models.DncListBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.DncListView:
        """Create a list. Those of scope `tenant` count at once for every campaign.

        Permission: ``dnc.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/dnc-lists",
                models.DncListView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def delete_dnc_list(self, dnc_list_id: str) -> None:
        """Delete a list that no campaign names, with its numbers. The act stays on record.

        Permission: ``dnc.write``.
        """
        return self._client.send(
            _core.Call("DELETE", f"/dnc-lists/{_quoted(dnc_list_id)}", type(None))
        )

    def export_evidence(
        self,
        *,
        from_: date | str,
        to: date | str,
        campaign_id: UUID | str | None = None,
        phone_e164: str | None = None,
        form: str | None = None,
    ) -> bytes:
        """Export everything about a campaign or a number within days. The export is audited.

        Attempts with time, zone, local time, caller id, outcome and recordings; refusals;
        changes of
        lists; consents; abandonment by day and half hour. One record a line, told by its
        `kind`.

        Permission: ``evidence.export``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/evidence",
                bytes,
                query={
                    "from": from_,
                    "to": to,
                    "campaign_id": campaign_id,
                    "phone_e164": phone_e164,
                    "form": form,
                },
            )
        )

    def get_abandonment(
        self, campaign_id: UUID | str, *, from_: date | str, to: date | str, zone: str | None = None
    ) -> models.Abandonment:
        """Tell how many live answers were abandoned, by day and half hour, against the cap.

        Permission: ``campaigns.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/campaigns/{_quoted(campaign_id)}/abandonment",
                models.Abandonment,
                query={"from": from_, "to": to, "zone": zone},
            )
        )

    def get_dnc_list(self, dnc_list_id: str) -> models.DncListView:
        """Return one list.

        Permission: ``dnc.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/dnc-lists/{_quoted(dnc_list_id)}", models.DncListView)
        )

    def get_retention(self) -> models.RetentionView:
        """Return for how long refusals and changes of lists are kept.

        Permission: ``evidence.export``.
        """
        return self._client.send(_core.Call("GET", "/evidence/retention", models.RetentionView))

    def list_consents(
        self, *, phone_e164: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> models.PageConsentView:
        """List consents with their history, newest first.

        Permission: ``dnc.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/consents",
                models.PageConsentView,
                query={"phone_e164": phone_e164, "limit": limit, "cursor": cursor},
            )
        )

    def iter_consents(
        self, *, phone_e164: str | None = None, limit: int | None = None
    ) -> Iterator[models.ConsentView]:
        """Yield all items of :meth:`list_consents`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_consents(phone_e164=phone_e164, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_dnc_entries(
        self,
        dnc_list_id: str,
        *,
        phone_e164: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageDncEntryView:
        """List a list's numbers, or look for one. Those of national lists are not listed.

        Permission: ``dnc.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/dnc-lists/{_quoted(dnc_list_id)}/entries",
                models.PageDncEntryView,
                query={"phone_e164": phone_e164, "limit": limit, "cursor": cursor},
            )
        )

    def iter_dnc_entries(
        self, dnc_list_id: str, *, phone_e164: str | None = None, limit: int | None = None
    ) -> Iterator[models.DncEntryView]:
        """Yield all items of :meth:`list_dnc_entries`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_dnc_entries(
                dnc_list_id, phone_e164=phone_e164, limit=limit, cursor=cursor
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_dnc_lists(self) -> models.PageDncListView:
        """List the enterprise's lists, then the platform's.

        Permission: ``dnc.read``.
        """
        return self._client.send(_core.Call("GET", "/dnc-lists", models.PageDncListView))

    def list_refusals(
        self,
        campaign_id: UUID | str,
        *,
        reason: str | None = None,
        phone_e164: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageRefusalView:
        """List the leads that were due and were not dialed, each with its one reason, newest
        first.

        Permission: ``campaigns.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/campaigns/{_quoted(campaign_id)}/refusals",
                models.PageRefusalView,
                query={
                    "reason": reason,
                    "phone_e164": phone_e164,
                    "limit": limit,
                    "cursor": cursor,
                },
            )
        )

    def iter_refusals(
        self,
        campaign_id: UUID | str,
        *,
        reason: str | None = None,
        phone_e164: str | None = None,
        limit: int | None = None,
    ) -> Iterator[models.RefusalView]:
        """Yield all items of :meth:`list_refusals`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_refusals(
                campaign_id, reason=reason, phone_e164=phone_e164, limit=limit, cursor=cursor
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def load_dnc_file(
        self,
        dnc_list_id: str,
        *,
        file: File,
        default_region: str | None = None,
        idempotency_key: str | None = None,
    ) -> models.DncFileReport:
        """Read a file of numbers. It replaces a national list at one moment; others grow by it.

        Permission: ``dnc.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/dnc-lists/{_quoted(dnc_list_id)}/file",
                models.DncFileReport,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                form={"default_region": default_region},
                files={"file": file},
            )
        )

    def put_retention(self, body: models.RetentionBody | Mapping[str, Any]) -> models.RetentionView:
        """Keep refusals and changes of lists for so many days, then remove them for good.

        The addition of a number that is still on its list is kept for as long as it is.

        Permission: ``evidence.export``.
        """
        return self._client.send(
            _core.Call("PUT", "/evidence/retention", models.RetentionView, body=body)
        )

    def record_consent(
        self, body: models.ConsentBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.ConsentView:
        """Write a consent down. Leads that waited for it are due again.

        Permission: ``dnc.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/consents",
                models.ConsentView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def remove_dnc_entry(
        self, dnc_list_id: str, phone_e164: str, *, reason: str | None = None
    ) -> None:
        """Take a number out. The act stays on record; leads closed for it are due again.

        Permission: ``dnc.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/dnc-lists/{_quoted(dnc_list_id)}/entries/{_quoted(phone_e164)}",
                type(None),
                query={"reason": reason},
            )
        )

    def rename_dnc_list(
        self, dnc_list_id: str, body: models.DncListName | Mapping[str, Any]
    ) -> models.DncListView:
        """Rename a list.

        Permission: ``dnc.write``.
        """
        return self._client.send(
            _core.Call("PUT", f"/dnc-lists/{_quoted(dnc_list_id)}", models.DncListView, body=body)
        )

    def withdraw_consent(
        self,
        body: models.ConsentWithdrawal | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> None:
        """End a number's consents for a purpose, or all of them.

        Permission: ``dnc.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/consents/withdraw",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )
