"""Keeps one account registered: sends, waits, tries again."""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import suppress

from ringway.trainer.core.address import NameAddr, Uri
from ringway.trainer.core.digest import Authenticator
from ringway.trainer.core.message import Response
from ringway.trainer.core.registration import Registration
from ringway.trainer.core.transaction import Address
from ringway.trainer.endpoint import SipEndpoint

_log = logging.getLogger("ringway.trainer.phone")

_REGISTER_LIMIT_S = 2.0
_GOODBYE_S = 0.5


class Registrant:
    """One account at one registrar."""

    def __init__(
        self, endpoint: SipEndpoint, registrar: Address, account: str, auth: Authenticator
    ) -> None:
        self.state = Registration()
        self._endpoint = endpoint
        self._registrar = registrar
        self._account = account
        self._auth = auth
        self._doubt = asyncio.Event()
        self._word = f"{random.getrandbits(96):024x}"  # Call-ID and tag of all its REGISTERs

    def doubt(self) -> None:
        """Register now: the registrar may have forgotten the account."""
        self._doubt.set()

    async def run(self) -> None:
        """Stay registered for ever."""
        while True:
            response = await self._send(self.state.expires_s)
            was = self.state.is_registered
            self.state.completed(response, self._endpoint.now)
            if was != self.state.is_registered:
                _log.info(
                    "Phone registered." if not was else "Phone is not registered any more.",
                    extra={"sip_username": self._account, "reason": self.state.last_error},
                )
            self._doubt.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self.state.next_at):
                    await self._doubt.wait()

    async def goodbye(self) -> None:
        """Unregister, without waiting long for anybody."""
        if self.state.is_registered:
            with suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE_S):
                    await self._send(0)
            self.state.is_registered = False

    async def _send(self, expires_s: int) -> Response | None:
        account = NameAddr(Uri(self._account, self._registrar[0]))
        token, effects = self._endpoint.agent.request(
            "REGISTER",
            Uri("", *self._registrar),
            self._registrar,
            self._endpoint.now,
            ours=account.tagged(self._word),
            theirs=account,
            call_id=self._word,
            cseq=self.state.begin(),
            extra=(("Expires", str(expires_s)),),
            auth=self._auth,
            limit_s=_REGISTER_LIMIT_S,
        )
        return await self._endpoint.ask(token, effects)
