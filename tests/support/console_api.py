"""A stand-in for the part of the public API that an agent's console uses.

It keeps one agent's state as the ACD would; a nailed-up session calls his phone for real.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

CallPhone = Callable[[], Awaitable[None]]


class ConsoleApi:
    """One agent's API. Tests set ``state`` and look at ``seen``."""

    def __init__(self, call_phone: CallPhone) -> None:
        self.url = ""
        self.state = "logged_out"
        self.interaction_id: str | None = None
        self.seen: list[tuple[str, object]] = []
        self.token = "first"
        self.is_down = False
        self.refuse_sign_in = ""
        self._call_phone = call_phone
        self._sockets: set[web.WebSocketResponse] = set()

    async def become(self, state: str, interaction_id: str | None = None) -> None:
        """Change the agent's state and tell the consoles."""
        self.state, self.interaction_id = state, interaction_id
        event = {
            "id": "1",
            "type": "acd.v1.presence.agent",
            "tenant": "t",
            "data": {"agent_id": "ann", "state": state},
        }
        for socket in tuple(self._sockets):
            await socket.send_str(json.dumps(event))

    async def close_sockets(self) -> None:
        """Cut every live connection."""
        for socket in tuple(self._sockets):
            await socket.close()

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.post("/api/v1/auth/token", self._sign_in),
                web.get("/api/v1/events", self._events),
                web.get("/api/v1/agents/me", self._status),
                web.post("/api/v1/agents/me/session", self._begin),
                web.delete("/api/v1/agents/me/session", self._end),
                web.put("/api/v1/agents/me/state", self._choose),
                web.post("/api/v1/agents/me/wrap-up", self._finish),
                web.post("/api/v1/agents/me/hang-up", self._hang_up),
            ]
        )
        return app

    @web.middleware
    async def _guard(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        if self.is_down:
            return web.json_response({"code": "service_unavailable"}, status=503)
        open_to_all = request.path.endswith(("/auth/token", "/events"))
        if not open_to_all and request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"code": "token_invalid"}, status=401)
        return await handler(request)

    async def _sign_in(self, request: web.Request) -> web.Response:
        form = await request.post()
        if (form.get("grant_type"), form.get("password")) != ("password", "right"):
            return web.json_response({"code": "credentials_invalid"}, status=401)
        return web.json_response({"access_token": self.token})

    async def _events(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            async for _ in socket:
                pass
        finally:
            self._sockets.discard(socket)
        return socket

    async def _status(self, request: web.Request) -> web.Response:
        return web.json_response({"state": self.state, "interaction_id": self.interaction_id})

    async def _begin(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.seen.append(("sign in", body["leg_mode"]))
        if self.refuse_sign_in:
            return web.json_response({"code": self.refuse_sign_in}, status=409)
        await self._call_phone()
        await self.become("not_ready")
        return await self._status(request)

    async def _end(self, request: web.Request) -> web.Response:
        self.seen.append(("sign out", None))
        await self.become("logged_out")
        return web.Response(status=204)

    async def _choose(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.seen.append(("state", body["state"]))
        await self.become(body["state"])
        return await self._status(request)

    async def _finish(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["interaction_id"] != self.interaction_id:
            return web.json_response({"code": "not_in_wrap_up"}, status=409)
        self.seen.append(("disposition", body["disposition"]))
        await self.become("ready")
        return web.Response(status=204)

    async def _hang_up(self, request: web.Request) -> web.Response:
        self.seen.append(("hang up", self.interaction_id))
        await self.become("wrap_up", self.interaction_id)
        return web.Response(status=204)


@asynccontextmanager
async def console_api(call_phone: CallPhone) -> AsyncIterator[ConsoleApi]:
    """Serve the stand-in on a free port."""
    api = ConsoleApi(call_phone)
    runner = web.AppRunner(api.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield api
    finally:
        await api.close_sockets()
        await runner.cleanup()
