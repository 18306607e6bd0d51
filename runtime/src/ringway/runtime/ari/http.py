"""Commands and files over a pool of keep-alive HTTP connections to one Asterisk node.

One pool lives as long as one event connection. Closing it fails every request in flight, so
that the loss of a node is felt at once by whoever waits for an answer.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, Protocol
from urllib.parse import quote

import aiohttp
import orjson
from pydantic import SecretStr
from yarl import URL

from ringway.runtime.ari import metrics
from ringway.runtime.ari.errors import AriDown, AriError, AriTimedOut, error_for
from ringway.runtime.ari.models import Raw
from ringway.runtime.ari.wire import Wire

Query = Mapping[str, str | int | bool | None]
EventSocket = aiohttp.ClientWebSocketResponse[Literal[False]]

# Asterisk closes a connection that was idle for 15 s (http.conf session_keep_alive). A POST on
# a connection that is being closed at that moment fails and must not be repeated blindly, so
# our side stops using idle connections well before.
_KEEP_ALIVE_S = 8.0
# Of Asterisk's http.conf sessionlimit; commands beyond it wait for a free connection.
_MAX_CONNECTIONS = 32
_MAX_FILES = 8  # fetched at a time
_JSON = {"Content-Type": "application/json"}


class NodeSettings(Protocol):
    """How to reach one Asterisk node; ``ringway.runtime.settings.AriNodeSettings`` is one."""

    @property
    def name(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def username(self) -> str: ...
    @property
    def password(self) -> SecretStr: ...


def base_url(settings: NodeSettings) -> URL:
    """Return the node's ``…/ari/`` address, whether or not the setting ends in ``/ari``."""
    return URL(settings.url.rstrip("/").removesuffix("/ari") + "/ari/")


def query_strings(query: Query) -> dict[str, str]:
    """Write query values as ARI reads them: bools in lower case, ``None`` left out."""
    out = {}
    for key, value in query.items():
        if value is None:
            continue
        out[key] = str(value).lower() if isinstance(value, bool) else str(value)
    return out


def refusal(status: int, body: bytes, command: str) -> AriError:
    """Turn an error answer into an exception with Asterisk's own words."""
    try:
        raw = orjson.loads(body)
        message = str(raw.get("message") or raw.get("error") or raw)
    except (orjson.JSONDecodeError, AttributeError):
        message = body[:200].decode(errors="replace")
    return error_for(status, message, command)


class HttpPool:
    """The HTTP side of one connection to one node."""

    def __init__(self, settings: NodeSettings) -> None:
        self._node = settings.name
        base = base_url(settings)
        self._origin, self._root = str(base.origin()), base.raw_path.removesuffix("/ari/")
        token = b64encode(f"{settings.username}:{settings.password.get_secret_value()}".encode())
        # In the header, never in the URL: URLs end up in the logs of proxies.
        authorization = f"Basic {token.decode()}"
        self._wire = Wire(base, authorization, limit=_MAX_CONNECTIONS, keep_alive_s=_KEEP_ALIVE_S)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_MAX_FILES, keepalive_timeout=_KEEP_ALIVE_S),
            headers={"Authorization": authorization},
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
        )

    async def close(self) -> None:
        """Close all connections. Requests in flight fail with ``AriDown``."""
        self._wire.close()
        await self._session.close()

    async def events(self, app: str) -> EventSocket:
        """Open the event socket of an application and so register it.

        Pings and pongs are left to the reader, and texts stay bytes for the JSON parser.
        """
        return await self._session.ws_connect(
            self._url("events", {"app": app}),
            autoping=False,
            decode_text=False,
            timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
        )

    async def request(
        self,
        command: str,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Raw | None = None,
        timeout_s: float,
    ) -> bytes:
        """Send one command and return the answer's body.

        Args:
            command: Our name of the command, for metrics and errors.
            path: Below ``/ari/``, ids already percent-encoded; from ``/`` on when it begins so.
            timeout_s: From now to the end of the answer, waiting for a connection included.

        Raises:
            AriError: Asterisk refused, as the most exact subclass.
            AriDown: The connection failed.
            AriTimedOut: No complete answer in time.
        """
        with self._told(command, timeout_s):
            answer = await self._wire.request(
                method,
                self._target(path, query),
                orjson.dumps(body) if body is not None else None,
                _JSON if body is not None else None,
                timeout_s=timeout_s,
            )
            if answer.status >= 400:
                raise refusal(answer.status, answer.body, command)
            return answer.body

    def _target(self, path: str, query: Query | None) -> str:
        target = f"{self._root}{path}" if path.startswith("/") else f"{self._root}/ari/{path}"
        if query:
            pairs = [f"{k}={quote(v, safe='')}" for k, v in query_strings(query).items()]
            if pairs:
                return f"{target}?{'&'.join(pairs)}"
        return target

    def _url(self, path: str, query: Query | None) -> URL:
        return URL(f"{self._origin}{self._target(path, query)}", encoded=True)

    @contextmanager
    def _told(self, command: str, timeout_s: float) -> Iterator[None]:
        """Count a command's outcome, and raise our own exceptions."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        outcome = "cancelled"
        try:
            yield
            outcome = "ok"
        except AriError as error:
            outcome = str(error.status)
            raise
        except TimeoutError as error:
            outcome = "timed_out"
            raise AriTimedOut(
                f"node {self._node}: no answer to {command} within {timeout_s} s"
            ) from error
        except (aiohttp.ClientError, RuntimeError, OSError) as error:
            # aiohttp raises RuntimeError when the session is closed under a request.
            outcome = "down"
            raise AriDown(f"node {self._node}: {command}: {error!r}") from error
        finally:
            metrics.commands(self._node, command, outcome).inc()
            metrics.command_seconds(command).observe(loop.time() - began)

    async def stream(
        self, command: str, path: str, *, chunk_bytes: int, timeout_s: float
    ) -> AsyncGenerator[bytes, None]:
        """Yield a binary answer in pieces of at most ``chunk_bytes``.

        Raises:
            AriError: As ``request``.
            AriDown: The connection failed, also in the middle: the pieces are then incomplete.
            AriTimedOut: Not complete within ``timeout_s``, the consumer's own time included.
        """
        with self._told(command, timeout_s):
            async with (
                asyncio.timeout(timeout_s),
                self._session.get(self._url(path, None)) as answer,
            ):
                if answer.status >= 400:
                    raise refusal(answer.status, await answer.read(), command)
                async for chunk in answer.content.iter_chunked(chunk_bytes):
                    yield chunk
