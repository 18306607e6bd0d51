"""Signatures, times of retries, and patterns of event types."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.crm_api.core.webhooks import schedule
from ringway.crm_api.core.webhooks.patterns import is_pattern, match_any, matches
from ringway.crm_api.core.webhooks.signature import is_signed, key_of, secret_text, sign

pytestmark = pytest.mark.unit

_NAMES = st.lists(
    st.text("abcdefghijklmnopqrstuvwxyz0123456789_", min_size=1, max_size=8), min_size=2, max_size=6
).map(".".join)


def test_the_example_of_the_specification() -> None:
    signature = sign(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body='{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(min_size=24, max_size=64), st.binary(min_size=24, max_size=64), st.text())
def test_both_secrets_are_good_while_they_are_exchanged(a: bytes, b: bytes, body: str) -> None:
    now, old = secret_text(a), secret_text(b)
    assert key_of(now) == a
    about = {"message_id": "m", "timestamp": 1, "body": body}
    both = sign([now, old], **about)  # type: ignore[arg-type]
    assert is_signed(both, now, **about)  # type: ignore[arg-type]
    assert is_signed(both, old, **about)  # type: ignore[arg-type]
    assert not is_signed(both, now, message_id="m", timestamp=2, body=body)
    if a != b:
        assert not is_signed(sign([old], **about), now, **about)  # type: ignore[arg-type]


def test_a_secret_of_another_form_is_none() -> None:
    for text in ("", "whsec_%%%", b64encode(b"x").decode()):
        with pytest.raises(ValueError, match=r"."):
            key_of(text)


@given(st.floats(0, 1, exclude_max=True))
def test_retries_go_on_for_about_three_days_and_end(luck: float) -> None:
    waits: list[float] = []
    while (wait := schedule.retry_after_s(len(waits) + 1, luck=luck)) is not None:
        waits.append(wait)
    assert 3 <= sum(waits) / 86_400 <= 4
    if luck == 0:
        assert waits == sorted(waits)
    assert schedule.is_given_up(len(waits), sum(waits))


def test_a_receiver_may_ask_for_more_time_but_not_for_ever() -> None:
    assert schedule.retry_after_s(1, luck=0, asked_s=0) == 5
    assert schedule.retry_after_s(1, luck=0, asked_s=3_000) == 3_000
    assert schedule.retry_after_s(1, luck=0, asked_s=1e9) == 86_400
    assert not schedule.is_given_up(5, 1e9)
    assert not schedule.is_given_up(1_000, 60)
    assert schedule.pause_s(10**9) == 300
    with pytest.raises(ValueError, match="failure"):
        schedule.retry_after_s(0, luck=0)


@given(_NAMES, st.data())
def test_wildcards_fit_what_they_stand_for(name: str, data: st.DataObject) -> None:
    parts = name.split(".")
    starred = [part if data.draw(st.booleans()) else "*" for part in parts]
    assert matches(".".join(starred), name)
    assert is_pattern(".".join(starred))
    cut = data.draw(st.integers(1, len(parts) - 1))
    assert matches(".".join([*parts[:cut], "**"]), name)
    assert matches("*", name)
    assert matches("*.*", name) == (len(parts) == 2)
    assert not matches(f"{name}.x", name)
    assert not matches(f"{name}.**", name)
    assert match_any(["no.such", name], name)
    assert not match_any([], name)


@pytest.mark.parametrize(
    "text", ["", "**", "a..b", "A.b", "a.**.b", "a b", ".a", "a.", "a*.b", "x" * 201]
)
def test_what_is_no_pattern(text: str) -> None:
    assert not is_pattern(text)
