"""Agents' SIP accounts: kept in PostgreSQL, cached here, and pushed into every Asterisk node.

Asterisk holds them in memory, so after its restart they are pushed again. Registrations live in
its own database and survive. See docs/adr/0003-sip-accounts-by-push.md.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from ringway.acd import account_store as store
from ringway.acd.account_store import AgentAccount
from ringway.acd.trunks import Trunks
from ringway.proto.acd import AgentAccountV1, PutAgentV1
from ringway.runtime.ari import AriClient, AriNode
from ringway.runtime.errors import DependencyDown, Refused
from ringway.runtime.postgres import Pool

_log = logging.getLogger("ringway.acd.accounts")
_PUSHES_AT_ONCE = 8
_RTP_TIMEOUT_S = 20  # a phone that died without a BYE is noticed by its silence


class Accounts:
    """Every agent of the tenants this replica serves, and their trunks."""

    def __init__(self, pool: Pool, ari: AriClient, realm: str) -> None:
        self._pool = pool
        self._ari = ari
        self._realm = realm
        self.agents: dict[tuple[str, str], AgentAccount] = {}
        self._changing: dict[tuple[str, str], asyncio.Lock] = {}
        self.trunks = Trunks(pool, ari)

    async def load(self, tenant: str) -> None:
        """Read one tenant's accounts from PostgreSQL into the cache."""
        agents = await store.load(self._pool, tenant)
        self.agents.update({(tenant, a.agent_id): a for a in agents})
        await self.trunks.load(tenant)

    def has_agent(self, tenant: str, agent_id: str) -> bool:
        """Return whether the tenant has this agent, enabled or not."""
        return (tenant, agent_id) in self.agents

    def has_trunk(self, tenant: str, trunk_id: str) -> bool:
        """Return whether the tenant has this trunk."""
        return self.trunks.get(tenant, trunk_id) is not None

    async def push_all(self, node: AriNode) -> None:
        """Give a node every account, and take those off that are none any more; done at each
        (re)connect."""
        await self._take_off_strays(node)
        gate = asyncio.Semaphore(_PUSHES_AT_ONCE)

        async def one(key: tuple[str, str]) -> None:
            async with gate:
                await self._push_now(node, key)

        async with asyncio.TaskGroup() as group:
            group.create_task(self.trunks.push_all(node))
            for key, agent in self.agents.items():
                if agent.is_enabled:
                    group.create_task(one(key))

    async def push_tenant(self, node: AriNode, tenant: str) -> None:
        """Give a node what it lacks of one tenant's agents and trunks.

        Raises:
            DependencyDown: The node does not answer.
        """
        there = {endpoint.resource for endpoint in await node.endpoints("PJSIP")}
        for key, account in list(self.agents.items()):
            # A phone that is just being called must not lose its address to a repeat.
            missing = account.sip_username not in there
            if account.tenant == tenant and account.is_enabled and missing:
                await self._push_now(node, key)
        await self.trunks.push_missing(node, tenant, there)

    def forget(self, tenant: str) -> None:
        """Drop a tenant that another replica serves now."""
        self.agents = {key: each for key, each in self.agents.items() if key[0] != tenant}
        self.trunks.forget(tenant)

    async def remove_tenant(self, tenant: str) -> None:
        """Take a tenant's phones and trunks off every node, for good; agents' rows stay.

        Raises:
            DependencyDown: A node does not answer.
        """
        for key in [key for key in self.agents if key[0] == tenant]:
            async with self._alone(key):
                if (account := self.agents.get(key)) is None:
                    continue
                for node in self._ari.nodes.values():
                    await _take_off(node, account.sip_username)
                del self.agents[key]
        for trunk in list(self.trunks.of(tenant)):
            await self.trunks.delete(tenant, trunk.trunk_id)

    async def put_agent(self, request: PutAgentV1) -> AgentAccountV1:
        """Create or change an agent; the password is returned only when it is new."""
        async with self._alone((request.tenant, request.agent_id)):
            return await self._put_agent(request)

    async def _put_agent(self, request: PutAgentV1) -> AgentAccountV1:
        old = self.agents.get((request.tenant, request.agent_id))
        username = f"{request.number}-{_suffix(request.tenant)}"
        password = request.sip_password
        if password is None and (old is None or old.sip_username != username):
            password = secrets.token_urlsafe(18)
        ha1 = _ha1(username, self._realm, password) if password else old.sip_ha1 if old else ""
        account = AgentAccount(
            request.tenant,
            request.agent_id,
            request.number,
            request.name,
            username,
            ha1,
            request.enabled,
        )
        try:
            async with self._pool.tenant(request.tenant) as conn:
                await store.put_agent(conn, account=account)
        except store.NumberTaken as exc:
            raise Refused(
                "agent_number_taken",
                f"Number {request.number} belongs to another agent; choose a free one.",
            ) from exc
        self.agents[request.tenant, request.agent_id] = account
        if old is not None and (old.sip_username != username or not account.is_enabled):
            await self._everywhere(lambda node: _take_off(node, old.sip_username))
        if account.is_enabled:
            await self._everywhere(lambda node: _push_agent(node, account, self._realm))
        return AgentAccountV1(
            agent_id=account.agent_id, sip_username=username, sip_password=password
        )

    async def remove_agent(self, tenant: str, agent_id: str) -> None:
        """Take an agent's account away, here and on every node, if there is one."""
        async with self._alone((tenant, agent_id)):
            async with self._pool.tenant(tenant) as conn:
                await store.remove_agent(conn, tenant_id=UUID(tenant), agent_id=agent_id)
            old = self.agents.pop((tenant, agent_id), None)
            if old is not None:
                await self._everywhere(lambda node: _take_off(node, old.sip_username))

    @asynccontextmanager
    async def _alone(self, key: tuple[str, str]) -> AsyncIterator[None]:
        """Let nobody else change or push an agent's account meanwhile."""
        async with self._changing.setdefault(key, asyncio.Lock()):
            yield

    async def _push_now(self, node: AriNode, key: tuple[str, str]) -> None:
        async with self._alone(key):
            account = self.agents.get(key)
            if account is not None and account.is_enabled:
                await _push_agent(node, account, self._realm)

    async def _everywhere(self, change: Callable[[AriNode], Awaitable[None]]) -> None:
        for node in self._ari.nodes.values():
            try:
                await change(node)
            except DependencyDown:
                # The node learns of every account when it is back.
                _log.info("Account waits for its node.", extra={"node": node.name})

    async def _take_off_strays(self, node: AriNode) -> None:
        """Take phones off a node that was away when they were disabled, renumbered or removed."""
        tenants = {_suffix(tenant) for tenant, _ in self.agents}
        for endpoint in await node.endpoints("PJSIP"):
            number, _, suffix = endpoint.resource.partition("-")
            if number.isdigit() and suffix in tenants and not self._is_account(endpoint.resource):
                await _take_off(node, endpoint.resource)

    def _is_account(self, sip_username: str) -> bool:
        return any(a.is_enabled and a.sip_username == sip_username for a in self.agents.values())


def _suffix(tenant: str) -> str:
    """Return what the SIP usernames of a tenant end with."""
    return tenant.replace("-", "")[-12:]


async def _take_off(node: AriNode, sip_username: str) -> None:
    await node.delete_endpoint(sip_username)
    for kind in ("aor", "auth"):
        await node.delete_dynamic("res_pjsip", kind, sip_username)


def _ha1(username: str, realm: str, password: str) -> str:
    """Return the digest of RFC 7616 that Asterisk stores instead of a password."""
    text = f"{username}:{realm}:{password}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


async def _push_agent(node: AriNode, account: AgentAccount, realm: str) -> None:
    name = account.sip_username
    await node.put_dynamic(
        "res_pjsip",
        "auth",
        name,
        {"auth_type": "md5", "username": name, "md5_cred": account.sip_ha1, "realm": realm},
    )
    await node.put_dynamic(
        "res_pjsip",
        "aor",
        name,
        {"max_contacts": "1", "remove_existing": "yes", "minimum_expiration": "30"},
    )
    await node.put_dynamic(
        "res_pjsip",
        "endpoint",
        name,
        {
            "auth": name,
            "aors": name,
            "context": "from-agent",
            "accountcode": account.tenant,  # the dialplan offers his calls to this tenant's ACD
            "allow": "!all,ulaw,alaw",
            "direct_media": "no",
            "rtp_symmetric": "yes",
            "force_rport": "yes",
            "rewrite_contact": "yes",
            "rtp_timeout": str(_RTP_TIMEOUT_S),
            "rtp_keepalive": "10",
            "callerid": f'"{name}" <{account.number}>',
        },
    )
