"""What a client makes of answers, and when it asks again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from ringway_client import (
    ChangedMeanwhile,
    NotFound,
    NotGenuine,
    RingwayError,
    Unavailable,
    verify,
)
from ringway_client.core import Call, etag, failure, read, wait_s
from ringway_client.credentials import ApiKey, Password, Session
from ringway_client.errors import error_of
from ringway_client.generated import models

pytestmark = pytest.mark.unit

GET = Call("GET", "/x", dict[str, Any])
POST = Call("POST", "/x", dict[str, Any], headers={"Idempotency-Key": "k"})
PUT = Call("PUT", "/x", dict[str, Any])
UPLOAD = Call("POST", "/x", dict[str, Any], headers={"Idempotency-Key": "k"}, files={"file": b"x"})


@pytest.mark.parametrize(
    ("call", "outcome", "is_repeated"),
    [
        (GET, httpx.ReadTimeout("x"), True),
        (POST, httpx.ReadTimeout("x"), True),
        (PUT, httpx.ReadTimeout("x"), False),  # it may have been carried out
        (PUT, httpx.ConnectError("x"), True),
        (UPLOAD, httpx.ConnectError("x"), False),  # the file may be read to its end
        (PUT, httpx.Response(503), True),
        (PUT, httpx.Response(429), True),
        (PUT, httpx.Response(502), False),
        (POST, httpx.Response(502), True),
        (GET, httpx.Response(500), False),
        (UPLOAD, httpx.Response(503), False),
        (GET, httpx.Response(503, headers={"Retry-After": "3600"}), False),
    ],
)
def test_what_is_asked_again(
    call: Call[Any], outcome: httpx.Response | httpx.TransportError, is_repeated: bool
) -> None:
    assert (wait_s(call, 0, outcome) is not None) is is_repeated


def test_waits_grow_and_what_the_server_asks_for_is_kept() -> None:
    waits = [wait_s(GET, attempt, httpx.Response(503)) or 0 for attempt in range(12)]
    assert 0.1 < waits[0] < 0.3
    assert waits[4] > waits[0] * 8
    assert max(waits) <= 6.0
    asked = httpx.Response(429, headers={"Retry-After": "7"})
    assert 7.0 <= (wait_s(GET, 0, asked) or 0) < 8.0


def test_requests_leave_out_what_is_not_given() -> None:
    call = Call(
        "GET", "/x", bytes,
        query={"at": datetime(2026, 1, 2, tzinfo=UTC), "none": None, "is": True, "of": ["a", 1]},
        headers={"if-match": etag(3), "other": None},
    )  # fmt: skip
    made = call.arguments()
    assert made["params"] == [
        ("at", "2026-01-02T00:00:00+00:00"), ("is", "true"), ("of", "a"), ("of", "1"),
    ]  # fmt: skip
    assert made["headers"] == {"if-match": '"3"'}
    assert etag("*") == "*"


def test_bodies_say_only_what_was_said() -> None:
    body = models.CustomerBody(phone_e164="+40215550100")
    made = Call("POST", "/customers", models.CustomerView, body=body).arguments()
    assert json.loads(made["content"]) == {"phone_e164": "+40215550100"}
    made = Call("POST", "/x", bytes, body={"id": UUID(int=1), "at": None}).arguments()
    assert json.loads(made["content"]) == {"id": str(UUID(int=1)), "at": None}


def test_answers_become_values_and_errors() -> None:
    assert read(Call("GET", "/x", list[int]), httpx.Response(200, content=b"[1]")) == [1]
    assert read(Call("GET", "/x", bytes), httpx.Response(200, content=b"\xff")) == b"\xff"
    assert read(Call("DELETE", "/x", type(None)), httpx.Response(204)) is None
    problem = {"code": "customer_not_found", "detail": "There is none."}
    with pytest.raises(NotFound, match="404 customer_not_found: There is none") as caught:
        read(GET, httpx.Response(404, json=problem))
    assert caught.value.problem == problem
    error = failure(httpx.Response(412, json={"code": "changed", "current": {"version": 2}}))
    assert isinstance(error, ChangedMeanwhile)
    assert error.current == {"version": 2}
    for body in (b"<html>", b"[]", b""):  # of a proxy
        error = failure(httpx.Response(504, content=body))
        assert (type(error), error.code) == (Unavailable, "http_504")
    assert type(error_of(418, {}, None)) is RingwayError


def test_fields_and_words_of_a_newer_server_are_kept() -> None:
    view = models.AgentStatus.model_validate(
        {
            "agent_id": "a", "do_not_disturb": False, "interaction_id": None, "reason": "",
            "session_id": None, "since": "2026-01-01T00:00:00Z", "state": "dreaming", "mood": 3,
                "chosen_campaigns": None,
        }
    )  # fmt: skip
    assert view.state == "dreaming"
    assert view.model_extra == {"mood": 3}


def test_a_session_renews_its_token_early_and_a_key_needs_none() -> None:
    session = Session(Password("ann@acme", "secret"))
    assert session.bearer(0.0) is None
    assert [each["grant_type"] for each in session.grants()] == ["password"]
    session.signed_in({"access_token": "a", "refresh_token": "r", "expires_in": 300}, 0.0)
    assert session.bearer(269.0) == "a"
    assert session.bearer(271.0) is None
    assert [each["grant_type"] for each in session.grants()] == ["refresh_token", "password"]
    assert session.refused()
    assert session.bearer(0.0) is None
    key = Session(ApiKey("rw_1"))
    assert (key.bearer(1e9), key.grants(), key.refused()) == ("rw_1", [], False)
    assert "secret" not in repr(session)
    assert "rw_1" not in repr(key)


def _signed(secret: str, body: bytes, at: int, message_id: str = "m1") -> dict[str, str]:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    made = hmac.new(key, f"{message_id}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "Webhook-Id": message_id,
        "Webhook-Timestamp": str(at),
        "Webhook-Signature": f"v1a,x v1,AAAA v1,{base64.b64encode(made).decode()}",
    }


def test_webhooks_are_believed_only_when_signed_lately() -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 24).decode()
    body = b'{"type":"x"}'
    good = _signed(secret, body, 1_000)
    assert verify(secret, good, body, now=1_200.0) == "m1"
    for headers, sent, now in (
        (good, body + b" ", 1_000.0),
        (good, body, 1_400.0),
        (good, body, 600.0),
        ({**good, "Webhook-Id": "m2"}, body, 1_000.0),
        ({**good, "Webhook-Timestamp": "1001"}, body, 1_000.0),
        ({**good, "Webhook-Signature": ""}, body, 1_000.0),
        ({}, body, 1_000.0),
    ):
        with pytest.raises(NotGenuine):
            verify(secret, headers, sent, now=now)
    with pytest.raises(ValueError, match="no secret"):
        verify("whsec_%%%", good, body, now=1_000.0)
