"""Whatever is sent, the answer is never an unexpected error."""

from __future__ import annotations

import random
import re
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from tests.support.api_document import api_document
from tests.support.crm import Crm, Signed
from tests.support.nats import NatsServer

from ringway.crm_api.access import Role

pytestmark = pytest.mark.api

_TEXTS = [
    *("", " ", "x", "0", "-1", "null", "true", "\x00", "a\x00b", "\u202e", "𝄞", "é" * 300, "*"),
    *("' OR 1=1 --", "%s%n", "../../etc/passwd", "${7*7}", "<script>", "\r\nX-Evil: 1"),
    *("2026-13-45T99:00:00Z", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", "NaN"),
    *("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    *("+40215550100", "9" * 400, "1e999", "WyJ4Il0", "eyJhIjoxfQ", "A" * 3_000),
]
_VALUES: list[Any] = [
    *_TEXTS,
    *(None, True, 0, -1, 2**31, 2**63, 2**70, 1.5, -1e308, [], {}, [[]], {"a": {"b": []}}),
]
_ROUNDS = 6


def _value(rng: random.Random, schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """Return something that fits ``schema`` or, half of the time, does not."""
    if rng.random() < 0.35:
        return rng.choice(_VALUES)
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return _value(rng, rng.choice(schema[choice]), schemas)
    if "enum" in schema:
        return rng.choice(schema["enum"])
    match schema.get("type"):
        case "object":
            made = {
                name: _value(rng, each, schemas)
                for name, each in schema.get("properties", {}).items()
                if rng.random() < 0.9
            }
            return made or {rng.choice(_TEXTS): rng.choice(_TEXTS)}
        case "array":
            return [_value(rng, schema.get("items", {}), schemas) for _ in range(rng.randrange(3))]
        case "integer" | "number":
            return rng.choice([0, 1, 2, 30, schema.get("maximum", 100), schema.get("minimum", 0)])
        case "boolean":
            return rng.random() < 0.5
        case "string" if schema.get("format") == "uuid":
            return "01890a5d-ac96-774b-bcce-b302099a8057"
        case _:
            return rng.choice(_TEXTS)


async def _hammer(signed: Signed, rng: random.Random, document: dict[str, Any]) -> list[str]:
    schemas = document["components"]["schemas"]
    wrong = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation["operationId"] in ("sign_out", "issue_token"):
                continue
            url = re.sub(
                r"\{\w+\}",
                lambda _: (
                    quote(rng.choice(_TEXTS)[:200], safe="") or "x"
                    if rng.random() < 0.3
                    else "01890a5d-ac96-774b-bcce-b302099a8057"
                ),
                path.removeprefix("/api/v1"),
            )
            params: dict[str, str] = {}
            headers: dict[str, str] = {}
            for parameter in operation.get("parameters", []):
                if rng.random() < 0.4:
                    text = str(_value(rng, parameter["schema"], schemas))
                    if parameter["in"] == "query":
                        params[parameter["name"]] = text
                    elif parameter["in"] == "header" and text.isascii() and text.isprintable():
                        headers[parameter["name"]] = text
            more: dict[str, Any] = {}
            body = operation.get("requestBody", {}).get("content", {})
            if "application/json" in body:
                made = _value(rng, body["application/json"]["schema"], schemas)
                try:
                    more["content"] = orjson.dumps(made)
                except TypeError:  # a number that JSON writers refuse
                    more["content"] = b"1e999"
                headers["Content-Type"] = "application/json"
            elif "multipart/form-data" in body:
                more["files"] = {"file": (rng.choice(_TEXTS), rng.choice(_TEXTS).encode())}
            response = await signed(method.upper(), url, params=params, headers=headers, **more)
            expected_503 = response.status_code == 503 and "recorder" in response.text
            if response.status_code >= 500 and not expected_503:
                wrong.append(f"{method} {url} {params} {headers} {more}: {response.text}"[:500])
            if response.status_code >= 400:
                problem = response.headers["content-type"] == "application/problem+json"
                if not problem or not response.json().get("code"):
                    wrong.append(f"{method} {url}: no problem document: {response.text}"[:300])
    return wrong


@pytest.mark.timeout(300)  # some 3,300 requests
async def test_no_request_makes_an_unexpected_error(
    crm: Crm, nats: NatsServer, request: pytest.FixtureRequest
) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    # The long runs look for new faults; the others hold what is known to be right.
    seed = random.randrange(2**32) if request.config.getoption("--soak") else 20261122
    rng = random.Random(seed)
    wrong: list[str] = []
    document = api_document()
    async with nats.bus("acd", name="acd-voicemail") as bus:
        await crm.behind.attach_voicemail(bus)
        for _ in range(_ROUNDS):
            for signed in (boss, ann):
                wrong += await _hammer(signed, rng, document)
    assert not wrong, f"seed {seed}:\n" + "\n".join(wrong[:20])
