"""The receiver of webhooks believes what is signed, once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from ringway_client import WebhookReceiver

# It listens on a loopback port: there is nothing else to it.
pytestmark = pytest.mark.integration

_KEY = b"0123456789abcdef0123456789abcdef"
_SECRET = "whsec_" + base64.b64encode(_KEY).decode()


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver(_SECRET) as made:
        yield made


def _post(receiver: WebhookReceiver, event_id: str, body: bytes, *, key: bytes = _KEY) -> int:
    stamp = str(int(time.time()))
    signed = f"{event_id}.{stamp}.".encode() + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    headers = {
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signature}",
    }
    return httpx.post(receiver.url, content=body, headers=headers).status_code


def test_what_is_signed_is_kept_once_and_what_is_not_is_refused(receiver: WebhookReceiver) -> None:
    one = json.dumps({"type": "a.b", "data": {"n": 1}}).encode()
    other = json.dumps({"type": "a.c", "data": {}}).encode()
    assert _post(receiver, "e1", one) == 204
    assert _post(receiver, "e1", one) == 204  # a repeat
    assert _post(receiver, "e2", other) == 204
    assert _post(receiver, "e3", one, key=b"somebody else's") == 401
    assert httpx.post(receiver.url, content=one).status_code == 401
    assert [each["type"] for each in receiver.events()] == ["a.b", "a.c"]
    assert receiver.events("a.b") == [{"type": "a.b", "data": {"n": 1}}]
    assert receiver.refused == 2


def test_without_a_secret_nothing_is_believed(receiver: WebhookReceiver) -> None:
    receiver.secret = ""
    assert _post(receiver, "e1", b"{}", key=b"") == 401
    receiver.secret = _SECRET
    assert _post(receiver, "e1", b"{}") == 204


def test_a_body_that_is_too_long_is_not_read(receiver: WebhookReceiver) -> None:
    host, port = receiver.url.removeprefix("http://").rstrip("/").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n")
        assert b" 413 " in line.recv(1000)
