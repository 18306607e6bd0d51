"""How requests are written and answers understood, without any network."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from ringway.runtime.ari import AriConflict, AriError, AriNotFound, AriUnprocessable, Unknown
from ringway.runtime.ari.base import joined, q
from ringway.runtime.ari.events import parse
from ringway.runtime.ari.http import base_url, query_strings, refusal
from ringway.runtime.settings import AriNodeSettings

pytestmark = pytest.mark.unit


def test_bools_are_written_as_asterisk_reads_them_and_nothing_is_left_out() -> None:
    assert query_strings({"beep": True, "mute": False, "n": 3, "s": "", "none": None}) == {
        "beep": "true",
        "mute": "false",
        "n": "3",
        "s": "",
    }


def test_ids_cannot_break_out_of_their_path_segment() -> None:
    assert q("i1.c;2") == "i1.c%3B2"
    assert q("../a?b#c/d") == "..%2Fa%3Fb%23c%2Fd"
    with pytest.raises(ValueError, match="empty"):
        q("")


def test_application_arguments_stay_separate() -> None:
    assert joined(()) is None
    assert joined("") is None
    assert joined("a,b") == "a,b"
    assert joined(["outbound", "-", ""]) == "outbound,-,"
    with pytest.raises(ValueError, match="comma"):
        joined(["a,b"])


@pytest.mark.parametrize("url", ["http://h:1", "http://h:1/", "http://h:1/ari", "http://h:1/ari/"])
def test_node_address_with_or_without_the_ari_path(url: str) -> None:
    settings = AriNodeSettings(name="n", url=url, username="u", password=SecretStr("p"))
    assert str(base_url(settings)) == "http://h:1/ari/"


def test_refusals_carry_asterisks_words_and_an_exact_type() -> None:
    assert isinstance(refusal(404, b'{"message":"Channel not found"}', "answer"), AriNotFound)
    assert isinstance(refusal(409, b'{"message":"no"}', "answer"), AriConflict)
    assert isinstance(refusal(422, b'{"message":"no"}', "answer"), AriUnprocessable)
    plain = refusal(500, b'{"error":"Allocation failed"}', "originate")
    assert type(plain) is AriError
    assert (plain.status, plain.message, plain.command) == (500, "Allocation failed", "originate")
    assert refusal(502, b"<html>\xff", "x").message.startswith("<html>")
    assert refusal(401, b"[]", "x").status == 401
    assert refusal(401, b"", "x").status == 401


def test_unknown_event_keeps_its_content() -> None:
    raw = {"type": "New", "timestamp": "2026-01-31T10:20:30.123+0000", "x": 1}
    event = parse(raw)
    assert isinstance(event, Unknown)
    assert (event.type, event.raw) == ("New", raw)


@pytest.mark.parametrize(
    "raw", [{}, {"type": "StasisStart"}, {"type": "StasisStart", "timestamp": "yesterday"}]
)
def test_what_is_no_event_is_refused(raw: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="not an ARI event"):
        parse(raw)
