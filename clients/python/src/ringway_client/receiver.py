"""A small receiver of webhooks, for scripts and tests. Servers use :func:`verify` in their own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self

from ringway_client.webhooks import NotGenuine, verify

_MOST_BYTES = 1_000_000


class WebhookReceiver(AbstractContextManager["WebhookReceiver"]):
    """Listens as long as the context lasts, and keeps what Ringway signed, each event once.

    Args:
        secret: Of the webhook; may be set later. Without one everything is refused, and Ringway
            tries again.
        host, port: Where it listens; port 0 takes any.
    """

    def __init__(self, secret: str = "", *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.secret = secret
        self.refused = 0
        self._events: dict[str, dict[str, Any]] = {}
        self._lock = Lock()
        self._server = ThreadingHTTPServer((host, port), _handler(self._take))
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        # Ends by itself with the program, when that forgets to close.
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """What the webhook is made with."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}/"

    def events(self, event_type: str | None = None) -> list[dict[str, Any]]:
        """Return what came so far, in the order in which it came; of one type, or all."""
        with self._lock:
            known = list(self._events.values())
        return [each for each in known if event_type in (None, each.get("type"))]

    def _take(self, headers: dict[str, str], body: bytes) -> int:
        try:
            if not self.secret:
                raise NotGenuine("There is no secret yet.")
            event_id = verify(self.secret, headers, body, now=time.time())  # noqa: TID251
        except NotGenuine:
            with self._lock:
                self.refused += 1
            return 401
        with self._lock:
            self._events.setdefault(event_id, json.loads(body))
        return 204


def _handler(
    take: Callable[[dict[str, str], bytes], int],
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 30

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not (length.isascii() and length.isdigit() and int(length) <= _MOST_BYTES):
                status = 413
            else:
                status = take(dict(self.headers.items()), self.rfile.read(int(length)))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Write nothing: the program that listens says what it wants to."""

    return Handler
