"""The dialogue for a callback and its attempts."""

from __future__ import annotations

import pytest

from ringway.acd.core.callback import (
    KEY_LIMIT_S,
    RETRY_AFTER_S,
    Callback,
    CallbackState,
    Cancelled,
    Command,
    Dialogue,
    Prompt,
    Requested,
    Say,
)

pytestmark = pytest.mark.unit


def checked(digits: str) -> str | None:
    return f"+86{digits.lstrip('0')}" if len(digits) > 5 else None


def keys(dialogue: Dialogue, digits: str, at: float = 1.0) -> list[Command]:
    out: list[Command] = []
    for digit in digits:
        out = dialogue.key(at, digit)
    return out


def test_the_callers_own_number_is_read_back_and_confirmed() -> None:
    dialogue = Dialogue("+8613800000001", checked)
    assert dialogue.begin() == [Say(Prompt.CONFIRM, "+8613800000001")]
    assert dialogue.key(1, "1") == [
        Requested("+8613800000001"),
        Say(Prompt.GOODBYE, "+8613800000001"),
    ]
    assert dialogue.is_over
    assert dialogue.key(2, "1") == []


def test_another_number_is_entered_read_back_and_confirmed() -> None:
    dialogue = Dialogue("+8613800000001", checked)
    dialogue.begin()
    assert dialogue.key(1, "2") == [Say(Prompt.ENTER)]
    assert keys(dialogue, "13900000002#") == [Say(Prompt.CONFIRM, "+8613900000002")]
    assert keys(dialogue, "1")[0] == Requested("+8613900000002")


def test_a_withheld_number_is_asked_for_at_once() -> None:
    assert Dialogue("", checked).begin() == [Say(Prompt.ENTER)]


def test_a_number_that_cannot_be_called_is_asked_for_again_three_times_at_most() -> None:
    dialogue = Dialogue("", checked)
    dialogue.begin()
    again = [Say(Prompt.INVALID), Say(Prompt.ENTER)]
    assert keys(dialogue, "12#") == again
    assert keys(dialogue, "12#") == again
    assert keys(dialogue, "12#") == [Cancelled()]
    assert dialogue.is_over


def test_silence_repeats_the_question_and_then_ends_the_dialogue() -> None:
    dialogue = Dialogue("+8613800000001", checked)
    dialogue.begin()
    assert dialogue.deadline is None  # not while it is being said
    dialogue.said(5)
    assert dialogue.tick(5 + KEY_LIMIT_S - 0.1) == []
    assert dialogue.tick(5 + KEY_LIMIT_S) == [Say(Prompt.CONFIRM, "+8613800000001")]
    dialogue.said(20)
    dialogue.tick(20 + KEY_LIMIT_S)
    dialogue.said(40)
    assert dialogue.tick(40 + KEY_LIMIT_S) == [Cancelled()]


def test_a_number_without_the_hash_key_counts_when_no_more_digits_come() -> None:
    dialogue = Dialogue("", checked)
    dialogue.begin()
    keys(dialogue, "13900000002", at=3)
    assert dialogue.tick(3 + KEY_LIMIT_S) == [Say(Prompt.CONFIRM, "+8613900000002")]


@pytest.mark.parametrize("before", ["", "2", "2139"])
def test_star_goes_back_to_waiting_from_everywhere(before: str) -> None:
    dialogue = Dialogue("+8613800000001", checked)
    dialogue.begin()
    keys(dialogue, before)
    assert dialogue.key(2, "*") == [Cancelled()]
    assert dialogue.is_over


def test_one_attempt_without_an_answer_ends_the_callback() -> None:
    callback = Callback("+8613800000001", since=10)
    assert callback.turn()
    assert not callback.turn()
    callback.failed(20)
    assert callback.state is CallbackState.NOT_ANSWERED
    assert not callback.turn()


def test_a_second_attempt_comes_after_a_rest_and_keeps_the_place() -> None:
    callback = Callback("+8613800000001", since=10, attempts=2)
    callback.turn()
    callback.failed(20)
    assert not callback.rested(20 + RETRY_AFTER_S - 1)
    assert callback.rested(20 + RETRY_AFTER_S)
    assert (callback.since, callback.turn()) == (10, True)
    callback.failed(100)
    assert callback.is_over


def test_what_fails_through_no_fault_of_the_customer_is_not_an_attempt() -> None:
    callback = Callback("+8613800000001", since=10)
    callback.turn()
    callback.failed(20, ours=True)
    assert callback.state is CallbackState.RESTING
    assert callback.called == 0


def test_a_callback_that_is_over_cannot_be_cancelled() -> None:
    callback = Callback("+8613800000001", since=10)
    callback.turn()
    assert callback.answered()
    assert not callback.answered()
    assert not callback.cancel()
    with pytest.raises(ValueError, match="at least once"):
        Callback("1", 0, attempts=0)
