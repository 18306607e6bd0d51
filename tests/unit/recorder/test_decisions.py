from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from ringway.recorder.core.naming import (
    agent_folder,
    file_name,
    interaction_of,
    message_id,
    recording_id,
)
from ringway.recorder.core.ranges import Part, Unsatisfiable, Whole, choose, is_known, still_same
from ringway.recorder.core.retry import (
    GiveUp,
    Miss,
    TryAgain,
    after_hindrance,
    after_miss,
    is_last_miss,
)
from ringway.recorder.core.token import bearer, is_valid, media_token

pytestmark = pytest.mark.unit

TENANT = UUID("11111111-1111-4111-8111-111111111111")
INTERACTION = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


def test_the_recording_of_an_interaction_has_one_id() -> None:
    assert recording_id(TENANT, INTERACTION) == recording_id(TENANT, INTERACTION)
    assert recording_id(TENANT, INTERACTION) != recording_id(TENANT, uuid4())
    assert recording_id(TENANT, INTERACTION) != recording_id(uuid4(), INTERACTION)


def test_each_event_of_a_recording_has_its_own_message_id() -> None:
    assert message_id(TENANT, "stored") != message_id(TENANT, "missing")


def test_files_of_an_agent_are_numbered_in_his_folder() -> None:
    assert file_name(TENANT, "1001", 7) == f"{TENANT}/1001/00000007.wav"


@pytest.mark.parametrize("number", ["../../etc", "a/b", "..", "", "座席", "x" * 99, "a\x00b"])
def test_an_odd_agent_number_makes_a_harmless_folder(number: str) -> None:
    assert file_name(TENANT, agent_folder(number), 1).count("/") == 2


@pytest.mark.parametrize(("folder", "number"), [("..", 1), ("a/b", 1), ("", 1), ("1001", 0)])
def test_a_name_is_made_of_folder_and_number_only(folder: str, number: int) -> None:
    with pytest.raises(ValueError, match="not a folder"):
        file_name(TENANT, folder, number)


@pytest.mark.parametrize(
    ("half", "expected"),
    [
        (f"{INTERACTION}.in", INTERACTION),
        (f"{INTERACTION}.out", INTERACTION),
        (f"{INTERACTION}.both", None),
        ("prompt", None),
        ("not-an-id.in", None),
    ],
)
def test_only_our_halves_name_an_interaction(half: str, expected: UUID | None) -> None:
    assert interaction_of(half) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, Whole()),
        ("bytes=0-", Part(0, 99)),
        ("bytes=10-19", Part(10, 19)),
        ("bytes=90-500", Part(90, 99)),
        ("bytes=-10", Part(90, 99)),
        ("bytes=100-", Unsatisfiable()),
        ("bytes=-0", Unsatisfiable()),
        ("bytes=5-2", Whole()),
        ("bytes=-", Whole()),
        ("bytes=0-1,4-5", Whole()),
        ("items=0-1", Whole()),
        ("bytes=" + "9" * 40 + "-", Whole()),
    ],
)
def test_ranges_by_example(header: str | None, expected: object) -> None:
    assert choose(header, 100) == expected


def test_a_range_of_a_file_that_changed_is_not_served() -> None:
    assert still_same(None, '"a"')
    assert still_same('"a"', '"a"')
    assert not still_same('"b"', '"a"')
    assert not still_same("Wed, 21 Oct 2026 07:28:00 GMT", '"a"')


def test_a_client_that_has_the_file_is_recognised() -> None:
    assert is_known('"x", W/"a"', '"a"')
    assert is_known("*", '"a"')
    assert not is_known('"b"', '"a"')
    assert not is_known(None, '"a"')


def test_a_hindrance_is_waited_out_for_ever() -> None:
    assert after_hindrance(1) == TryAgain(0.5)
    assert after_hindrance(1000) == TryAgain(8.0)


def test_misses_end_after_about_two_minutes() -> None:
    delays = []
    misses = 1
    while isinstance(decision := after_miss(misses, Miss.NOT_FOUND), TryAgain):
        delays.append(decision.delay_s)
        misses += 1
    assert decision == GiveUp(Miss.NOT_FOUND)
    assert 100 <= sum(delays) <= 150
    assert is_last_miss(misses - 1)
    assert not is_last_miss(misses - 2)


def test_a_file_without_sound_is_read_three_times() -> None:
    assert isinstance(after_miss(2, Miss.EMPTY), TryAgain)
    assert after_miss(3, Miss.EMPTY) == GiveUp(Miss.EMPTY)
    assert after_miss(3, Miss.UNREADABLE) == GiveUp(Miss.UNREADABLE)


def test_a_token_of_another_shape_is_refused() -> None:
    good = media_token(b"s", "t", "r", 100)
    assert is_valid(good, b"s", "t", "r", 99.9)
    assert not is_valid(good + "0", b"s", "t", "r", 99.9)
    assert not is_valid("." + good, b"s", "t", "r", 99.9)


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", ""), ("", ""), (None, "")],
)
def test_the_bearer_token_is_taken_from_the_header(header: str | None, token: str) -> None:
    assert bearer(header) == token
