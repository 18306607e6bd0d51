"""Commands on applications, endpoints, dynamic configuration and the node itself."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping, Sequence

from ringway.runtime.ari import models as m
from ringway.runtime.ari.base import DEFAULT_TIMEOUT_S, Commands, q
from ringway.runtime.ari.errors import AriNotFound

_log = logging.getLogger("ringway.ari")

# Asterisk's list of endpoints follows within milliseconds, on a busy machine within some hundred.
_LIST_LIMIT_S = 5.0

_REGISTRATION = re.compile(
    r'^asterisk_pjsip_outbound_registration_status\{.*?username="(?P<client>[^"]*)".*?\} '
    r"(?P<state>\d)",
    re.MULTILINE,
)


def registrations(page: str) -> dict[str, bool]:
    """Read the registrations off a page of Asterisk's metrics; 1 means registered.

    Asterisk tells them apart by ``client_uri`` alone, and shows for ever the server that this
    client had first: the page says nothing about the server of now.
    """
    return {m["client"]: m["state"] == "1" for m in _REGISTRATION.finditer(page)}


class SystemCommands(Commands):
    """Subscriptions, PJSIP accounts, health of the node."""

    async def get_application(self, app: str) -> m.Application:
        """Return an application with its channels and bridges, also one without a client.

        Raises:
            AriNotFound: No client ever, or none any more and no channel left.
        """
        return m.application(await self._json("application", "GET", f"applications/{q(app)}"))

    async def get_applications(self) -> tuple[m.Application, ...]:
        """Return every application on the node."""
        raw = await self._json("applications", "GET", "applications")
        return tuple(m.application(each) for each in raw)

    async def subscribe(self, app: str, *sources: str) -> m.Application:
        """Subscribe to objects that are not in the application, such as ``endpoint:PJSIP``.

        Args:
            sources: ``channel:<id>``, ``bridge:<id>``, ``endpoint:<tech>[/<name>]``.

        Raises:
            AriUnprocessable: A source does not exist (yet).
        """
        raw = await self._json(
            "subscribe",
            "POST",
            f"applications/{q(app)}/subscription",
            query={"eventSource": ",".join(sources)},
        )
        return m.application(raw)

    async def unsubscribe(self, app: str, *sources: str) -> m.Application:
        """Undo ``subscribe``.

        Raises:
            AriConflict: The application is not subscribed to a source.
        """
        raw = await self._json(
            "unsubscribe",
            "DELETE",
            f"applications/{q(app)}/subscription",
            query={"eventSource": ",".join(sources)},
        )
        return m.application(raw)

    async def disallow_events(self, app: str, types: Sequence[str]) -> None:
        """Keep Asterisk from sending these event types to ``app``.

        The list belongs to the application's registration and is lost with it.
        """
        await self._ask(
            "event_filter",
            "PUT",
            f"applications/{q(app)}/eventFilter",
            body={"disallowed": [{"type": each} for each in types]},
        )

    async def put_dynamic(
        self, config_class: str, object_type: str, id: str, fields: Mapping[str, str]
    ) -> None:
        """Create or replace a configuration object, e.g. ``res_pjsip``, ``endpoint``, ``ann``.

        Objects in sorcery's memory are lost when Asterisk restarts: put them again at every
        connect.

        Raises:
            AriError: 403 when sorcery.conf gives the type no writable store, 400 bad field.
        """
        await self._ask(
            "put_dynamic",
            "PUT",
            f"asterisk/config/dynamic/{q(config_class)}/{q(object_type)}/{q(id)}",
            body={"fields": [{"attribute": k, "value": v} for k, v in fields.items()]},
        )

    async def get_dynamic(self, config_class: str, object_type: str, id: str) -> dict[str, str]:
        """Return a configuration object's fields.

        The values of a field that stands more than once are joined by commas, as they are put.

        Raises:
            AriNotFound: There is none.
        """
        raw = await self._json(
            "get_dynamic",
            "GET",
            f"asterisk/config/dynamic/{q(config_class)}/{q(object_type)}/{q(id)}",
        )
        fields: dict[str, str] = {}
        for each in raw:
            name, value = each["attribute"], each["value"]
            fields[name] = f"{fields[name]},{value}" if name in fields else value
        return fields

    async def delete_dynamic(self, config_class: str, object_type: str, id: str) -> bool:
        """Delete a configuration object. Returns whether it was there."""
        return await self._gone(
            "delete_dynamic",
            "DELETE",
            f"asterisk/config/dynamic/{q(config_class)}/{q(object_type)}/{q(id)}",
        )

    async def delete_endpoint(self, id: str) -> frozenset[str]:
        """Delete a PJSIP endpoint, and return when Asterisk has let go of it.

        Asterisk strikes a deleted endpoint off its list by name, some time after its answer. One
        that is made anew before that is struck off instead: it carries calls, but tells neither
        its state nor its channels for ever after.

        Returns:
            The channels it had; they go on. Nothing when there is no such endpoint.
        """
        try:
            await self.get_dynamic("res_pjsip", "endpoint", id)
        except AriNotFound:
            return frozenset()
        # One that was struck off or has just been made is not listed: its end would not show.
        if await self._channels_of(id) is None:
            await self.put_dynamic("res_pjsip", "endpoint", id, {})
        found: set[str] = set()
        await self._until_listed(id, found, is_listed=True)
        await self.delete_dynamic("res_pjsip", "endpoint", id)
        await self._until_listed(id, found, is_listed=False)
        return frozenset(found)

    async def _until_listed(self, id: str, found: set[str], *, is_listed: bool) -> None:
        """Wait until an endpoint is listed, or is not, and gather the channels it has."""
        loop = asyncio.get_running_loop()
        give_up_at, wait_s = loop.time() + _LIST_LIMIT_S, 0.002
        while True:
            channels = await self._channels_of(id)
            found.update(channels or ())
            if (channels is not None) is is_listed:
                return
            if loop.time() >= give_up_at:
                facts = {"endpoint": id, "is_listed": not is_listed}
                _log.warning("asterisk does not follow with its list of endpoints", extra=facts)
                return
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, 0.1)

    async def _channels_of(self, id: str) -> tuple[str, ...] | None:
        try:
            return (await self.endpoint("PJSIP", id)).channel_ids
        except AriNotFound:
            return None

    async def registrations(self) -> dict[str, bool]:
        """Return whether our registrations at others stand, by their ``client_uri``.

        ARI does not tell; Asterisk's page of metrics does (``res_prometheus``, prometheus.conf),
        with the ARI user and password. A registration nobody answered yet is not in it.

        Raises:
            AriNotFound: The node has no such page.
        """
        page = await self._ask("registrations", "GET", "/metrics")
        return registrations(page.decode(errors="replace"))

    async def endpoints(self, technology: str | None = None) -> tuple[m.Endpoint, ...]:
        """Return the endpoints of all technologies or of one, such as ``PJSIP``."""
        path = f"endpoints/{q(technology)}" if technology else "endpoints"
        return tuple(m.endpoint(raw) for raw in await self._json("endpoints", "GET", path))

    async def endpoint(self, technology: str, resource: str) -> m.Endpoint:
        """Return one endpoint.

        Raises:
            AriNotFound: There is none.
        """
        raw = await self._json("endpoint", "GET", f"endpoints/{q(technology)}/{q(resource)}")
        return m.endpoint(raw)

    async def ping(self, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> str:
        """Return the node's entity id; the cheapest proof that it lives."""
        raw = await self._json("ping", "GET", "asterisk/ping", timeout_s=timeout_s)
        return str(raw["asterisk_id"])

    async def info(self) -> m.NodeInfo:
        """Return the node's version and when it started."""
        return m.node_info(await self._json("info", "GET", "asterisk/info"))
