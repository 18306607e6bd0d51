"""Requests that store, read and delete what a tenant configures."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Protocol, cast

from pydantic import ValidationError

from ringway.acd.config_checks import Known
from ringway.acd.configuration import Configuration
from ringway.proto import acd_config as c
from ringway.proto.base import Done
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused

_BODY_BYTES_AT_MOST = 500_000
_PAGE_BYTES_AT_MOST = 2_000_000  # well below what NATS carries in one message


class Seats(Protocol):
    """Which agents and trunks a tenant has."""

    def has_agent(self, tenant: str, agent_id: str, /) -> bool:
        """Return whether the tenant has this agent."""

    def has_trunk(self, tenant: str, trunk_id: str, /) -> bool:
        """Return whether the tenant has this trunk."""


class Floors(Protocol):
    """What is needed of the ACD: a tenant's configuration is there when its floor is open."""

    @property
    def accounts(self) -> Seats:
        """The agents and trunks of every tenant whose floor is open."""

    @property
    def configurations(self) -> Mapping[str, Configuration]:
        """The configuration of every tenant whose floor is open."""

    async def floor(self, tenant: str, /) -> object:
        """Open the floor of a tenant."""


class ConfigRequests:
    """Handlers of the requests about configuration."""

    def __init__(self, acd: Floors) -> None:
        self._acd = acd

    async def serve(self, bus: Bus) -> None:
        """Register all handlers."""
        await bus.respond(c.PutConfigV1, self.put_config)
        await bus.respond(c.GetConfigV1, self.get_config)
        await bus.respond(c.ListConfigV1, self.list_config)
        await bus.respond(c.DeleteConfigV1, self.delete_config)

    async def put_config(self, request: c.PutConfigV1) -> c.ConfigV1:
        """Create or change one object."""
        configuration = await self._configuration(request.tenant)
        accounts = self._acd.accounts
        new = _validated(request)
        version = await configuration.put(
            request.object_id,
            new,
            known=Known(
                has_agent=partial(accounts.has_agent, request.tenant),
                has_trunk=partial(accounts.has_trunk, request.tenant),
            ),
            at=utcnow(),
            if_version=request.if_version,
        )
        return c.ConfigV1(
            kind=request.kind,
            object_id=request.object_id,
            version=version.number,
            changed_at=version.changed_at,
            body=new.model_dump(mode="json"),
        )

    async def get_config(self, request: c.GetConfigV1) -> c.ConfigV1:
        """Return one object."""
        configuration = await self._configuration(request.tenant)
        found = _view(configuration, request.kind, request.object_id)
        if found is None:
            raise Refused("config_unknown", f"There is no {request.kind} {request.object_id}.")
        return found

    async def list_config(self, request: c.ListConfigV1) -> c.ConfigListV1:
        """Return one page of the objects of a kind."""
        configuration = await self._configuration(request.tenant)
        ids = sorted(
            object_id
            for object_id in configuration.all(c.CONFIGS[request.kind])
            if object_id > request.after
        )
        page: list[c.ConfigV1] = []
        size_bytes = 0
        for object_id in ids[: request.limit]:
            view = _view(configuration, request.kind, object_id)
            assert view is not None
            size_bytes += len(view.model_dump_json())
            if page and size_bytes > _PAGE_BYTES_AT_MOST:
                break
            page.append(view)
        more = len(page) < len(ids)
        return c.ConfigListV1(objects=tuple(page), next_after=page[-1].object_id if more else None)

    async def delete_config(self, request: c.DeleteConfigV1) -> Done:
        """Delete one object."""
        configuration = await self._configuration(request.tenant)
        await configuration.delete(request.kind, request.object_id, if_version=request.if_version)
        return Done()

    async def _configuration(self, tenant: str) -> Configuration:
        await self._acd.floor(tenant)
        configuration = self._acd.configurations[tenant]
        await configuration.settle()
        return configuration


def _validated(request: c.PutConfigV1) -> c.Config:
    try:
        config = c.CONFIGS[request.kind].model_validate(request.body)
    except ValidationError as exc:
        # Values are left out on purpose: they may be personal.
        wrong = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in exc.errors()[:5]]
        raise Refused("config_invalid", "; ".join(wrong)) from None
    if len(config.model_dump_json()) > _BODY_BYTES_AT_MOST:
        raise Refused("config_invalid", f"The {request.kind} is too large; make it two.")
    return config


def _view(configuration: Configuration, kind: str, object_id: str) -> c.ConfigV1 | None:
    config = configuration.get(c.CONFIGS[kind], object_id)
    version = configuration.version(kind, object_id)
    if config is None or version is None:
        return None
    return c.ConfigV1(
        kind=cast("c.ConfigKind", kind),
        object_id=object_id,
        version=version.number,
        changed_at=version.changed_at,
        body=config.model_dump(mode="json"),
    )
