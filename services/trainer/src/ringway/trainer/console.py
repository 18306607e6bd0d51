"""A simulated person at the console: works over the public REST API, as a browser would."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson

from ringway.proto.acd import AgentPresenceV1, AgentState, LegMode
from ringway.proto.trainer import SimulatedAgent
from ringway.runtime.tasks import TaskSet
from ringway.trainer.core.desk import (
    Action,
    BeReady,
    Desk,
    FileDisposition,
    HangUp,
    NoteTalk,
    SignIn,
    SignOut,
    Status,
)
from ringway.trainer.journal import Journal, iso, tones_heard
from ringway.trainer.phone import Phone

_log = logging.getLogger("ringway.trainer.console")

_REQUEST_LIMIT_S = 5.0
_SIGN_IN_LIMIT_S = 30.0  # it lasts until the phone was called and answered
_LOOK_EVERY_S = 5.0  # while live events arrive, only to be sure
_LOOK_BLIND_S = 0.7  # without them
_RETRY_S = (0.3, 3.0)
_PRESENCE = AgentPresenceV1.type_name()


class Refusal(Exception):
    """The API said no."""

    def __init__(self, status: int, what: str, code: str) -> None:
        super().__init__(f"{what}: {status} {code}".strip())
        self.status = status
        self.code = code


class Console:
    """Signs one agent in and keeps him working, through restarts of everything else."""

    def __init__(self, agent: SimulatedAgent, phone: Phone, journal: Journal) -> None:
        self.is_signed_in = False
        self.last_error = ""
        self._agent = agent
        self._phone = phone
        self._journal = journal
        self._base = agent.api_url.rstrip("/") + "/api/v1"
        self._desk = Desk(
            LegMode(agent.leg_mode), agent.talk_s, agent.wrap_up_s, random.Random(agent.agent_id)
        )
        self._token = ""
        self._changed = asyncio.Event()
        self._is_watching = False

    @property
    def interactions(self) -> int:
        """Talks so far."""
        return self._desk.interactions

    def phone_changed(self) -> None:
        """The phone began or ended a call: look what that means."""
        self._changed.set()

    async def run(self) -> None:
        """Work for ever."""
        retry_s = _RETRY_S[0]
        limit = aiohttp.ClientTimeout(total=_REQUEST_LIMIT_S)
        async with aiohttp.ClientSession(timeout=limit) as http, TaskSet("console") as tasks:
            tasks.spawn(self._watch(http), name=f"events {self._agent.agent_id}")
            while True:
                self._changed.clear()
                try:
                    await self._look(http)
                    retry_s = _RETRY_S[0]
                    wait_s = self._wait_s()
                except (aiohttp.ClientError, TimeoutError, OSError, Refusal) as error:
                    self._fail(error)
                    wait_s = retry_s * random.uniform(0.7, 1.3)
                    retry_s = min(retry_s * 1.6, _RETRY_S[1])
                await self._until_changed(wait_s)

    async def sign_out(self) -> None:
        """End the session, if the platform answers."""
        limit = aiohttp.ClientTimeout(total=2)
        try:
            async with aiohttp.ClientSession(timeout=limit) as http:
                await self._request(http, "DELETE", "/agents/me/session")
        except (aiohttp.ClientError, TimeoutError, OSError, Refusal) as error:
            self._fail(error)

    async def _look(self, http: aiohttp.ClientSession) -> None:
        """Read the truth and act on it until nothing is to be done."""
        for _ in range(4):
            answer = await self._request(http, "GET", "/agents/me")
            state = AgentState(answer["state"])
            self.is_signed_in = state is not AgentState.LOGGED_OUT
            status = Status(
                state,
                str(answer.get("interaction_id") or ""),
                self._phone.is_registered,
                self._phone.is_in_call,
            )
            actions = self._desk.handle(status, asyncio.get_running_loop().time())
            for action in actions:
                await self._perform(http, action)
            if all(isinstance(action, NoteTalk) for action in actions):
                return

    async def _perform(self, http: aiohttp.ClientSession, action: Action) -> None:
        match action:
            case SignIn():
                body: dict[str, Any] = {"leg_mode": self._agent.leg_mode}
                await self._request(http, "POST", "/agents/me/session", body, _SIGN_IN_LIMIT_S)
                self.last_error = ""
            case SignOut():
                await self._request(http, "DELETE", "/agents/me/session")
            case BeReady():
                await self._request(http, "PUT", "/agents/me/state", {"state": "ready"})
            case FileDisposition(interaction):
                body = {"interaction_id": interaction, "disposition": self._agent.disposition}
                await self._request(http, "POST", "/agents/me/wrap-up", body)
            case HangUp():
                await self._request(http, "POST", "/agents/me/hang-up")
            case NoteTalk():
                self._note(action)

    def _note(self, talk: NoteTalk) -> None:
        """Write down a talk with the tones heard in it; a nailed-up phone call holds many."""
        spans = [
            span
            for call in (*self._phone.recent, *self._phone.calls.values())
            if call.listener is not None
            for span in call.listener.tones.spans(since_s=talk.from_at)
        ]
        self._journal.write(
            {
                "event": "interaction",
                "agent_id": self._agent.agent_id,
                "interaction_id": talk.interaction_id,
                "tone_hz": self._agent.tone_hz,
                "from": iso(talk.from_at),
                "to": iso(talk.to_at),
                "tones_heard": tones_heard(spans, talk.from_at),
            }
        )

    async def _request(
        self,
        http: aiohttp.ClientSession,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        limit_s: float = _REQUEST_LIMIT_S,
    ) -> dict[str, Any]:
        """Call the API, signing in to it first when needed.

        Raises:
            Refusal: It said no.
            aiohttp.ClientError, TimeoutError: It does not answer.
        """
        if not self._token:
            await self._sign_in_to_api(http)
        async with http.request(
            method,
            self._base + path,
            data=None if body is None else orjson.dumps(body),
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
            },
            timeout=aiohttp.ClientTimeout(total=limit_s),
        ) as answer:
            if answer.status == 401:
                self._token = ""  # expired, or the platform forgot it
            return await _content(answer, f"{method} {path}")

    async def _sign_in_to_api(self, http: aiohttp.ClientSession) -> None:
        form = {
            "grant_type": "password",
            "username": self._agent.username,
            "password": self._agent.password,
        }
        async with http.post(f"{self._base}/auth/token", data=form) as answer:
            content = await _content(answer, "POST /auth/token")
        self._token = str(content["access_token"])

    async def _watch(self, http: aiohttp.ClientSession) -> None:
        """Be woken by live events about this agent, for ever."""
        while True:
            try:
                if self._token:
                    url = f"{self._base}/events?access_token={quote(self._token)}"
                    async with http.ws_connect(url, heartbeat=10, max_msg_size=1 << 20) as socket:
                        self._is_watching = True
                        self._changed.set()
                        async for message in socket:
                            # Looked at as text first: most events are about others.
                            text = message.data if message.type is aiohttp.WSMsgType.TEXT else ""
                            if _PRESENCE in text and self._agent.agent_id in text:
                                self._changed.set()
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                _log.debug("Live events are not available.", extra={"reason": repr(error)})
            finally:
                if self._is_watching:
                    self._is_watching = False
                    self._changed.set()
            await asyncio.sleep(random.uniform(0.5, 1.5))

    def _wait_s(self) -> float:
        wait_s = _LOOK_EVERY_S if self._is_watching and self.is_signed_in else _LOOK_BLIND_S
        deadline = self._desk.next_deadline
        if deadline is not None:
            wait_s = min(wait_s, max(0.02, deadline - asyncio.get_running_loop().time()))
        return wait_s

    async def _until_changed(self, limit_s: float) -> None:
        try:
            async with asyncio.timeout(limit_s):
                await self._changed.wait()
        except TimeoutError:
            pass

    def _fail(self, error: Exception) -> None:
        text = str(error) or type(error).__name__
        if text != self.last_error:
            self.last_error = text
            _log.info(
                "A simulated agent's console was refused.",
                extra={"agent_id": self._agent.agent_id, "reason": text},
            )


async def _content(answer: aiohttp.ClientResponse, what: str) -> dict[str, Any]:
    raw = await answer.read()
    try:
        content = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError:
        content = {}
    if answer.status >= 400:
        code = content.get("code", "") if isinstance(content, dict) else ""
        raise Refusal(answer.status, what, str(code))
    return content if isinstance(content, dict) else {}
