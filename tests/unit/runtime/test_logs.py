"""A log line is one JSON object."""

from __future__ import annotations

import json
import logging
import sys
from uuid import UUID

import pytest

from ringway.runtime.logs import JsonFormatter

pytestmark = pytest.mark.unit


def line(**extra: object) -> dict[str, object]:
    record = logging.getLogger("ringway.x").makeRecord(
        "ringway.x", logging.INFO, "f", 1, "Ready.", (), None, extra=extra
    )
    text = JsonFormatter("acd").format(record)
    assert "\n" not in text
    parsed: dict[str, object] = json.loads(text)
    return parsed


def test_a_line_says_who_when_and_what() -> None:
    parsed = line(tenant="t1", pii_number="+4512345678")
    assert parsed["service"] == "acd"
    assert parsed["logger"] == "ringway.x"
    assert parsed["level"] == "INFO"
    assert parsed["message"] == "Ready."
    assert parsed["tenant"] == "t1"
    assert parsed["pii_number"] == "+4512345678"
    assert str(parsed["at"]).endswith("+00:00")


def test_any_value_can_be_logged() -> None:
    parsed = line(id=UUID(int=1), odd=object, many={1: {2}})
    assert parsed["id"] == "00000000-0000-0000-0000-000000000001"
    assert "class" in str(parsed["odd"])


def test_an_exception_brings_its_traceback() -> None:
    try:
        raise KeyError("x")
    except KeyError:
        record = logging.LogRecord("a", logging.ERROR, "f", 1, "Failed.", (), sys.exc_info())
    parsed = json.loads(JsonFormatter("acd").format(record))
    assert parsed["error"] == "KeyError('x')"
    assert "test_logs.py" in parsed["traceback"]
