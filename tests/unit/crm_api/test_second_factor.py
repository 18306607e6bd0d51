"""One-time codes against the RFC's own, and secrets at rest."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.crm_api.auth import totp
from ringway.crm_api.auth.vault import Unreadable, Vault

pytestmark = pytest.mark.unit

_RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
_VAULT = Vault("v" * 32)


@pytest.mark.parametrize(
    ("at_s", "code"),
    # RFC 6238, appendix B, SHA-1: the last six of eight digits.
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_rfc(at_s: int, code: str) -> None:
    at = datetime.fromtimestamp(at_s, UTC)
    assert totp.step_of(_RFC_SECRET, code, at) == at_s // 30
    assert totp.step_of(_RFC_SECRET, f"{code[:3]} {code[3:]}", at) == at_s // 30
    for late_s, step in ((30, at_s // 30), (90, None), (-90, None)):
        assert totp.step_of(_RFC_SECRET, code, at + timedelta(seconds=late_s)) == step


@given(st.text(max_size=12))
def test_what_is_no_code_is_none_and_breaks_nothing(text: str) -> None:
    if not text.replace(" ", "").isdigit():
        assert totp.step_of(_RFC_SECRET, text, datetime.fromtimestamp(59, UTC)) is None


def test_recovery_codes_are_read_however_they_are_typed() -> None:
    code = totp.new_recovery_codes()[0]
    assert totp.plain(code) == totp.plain(f" {code.upper().replace('-', '')} ")
    assert len(totp.plain(code)) == 12


@given(st.text(max_size=200), st.text(max_size=40))
def test_the_vault_gives_back_what_it_sealed(text: str, purpose: str) -> None:
    sealed = _VAULT.seal(text, purpose=purpose)
    assert _VAULT.open(sealed, purpose=purpose) == text
    assert Vault("n" * 32, previous="v" * 32).open(sealed, purpose=purpose) == text


@given(st.integers(min_value=0), st.integers(1, 255))
def test_it_opens_nothing_changed_nothing_elses_and_nothing_of_another_key(
    position: int, change: int
) -> None:
    sealed = _VAULT.seal("secret", purpose="a")
    broken = bytearray(sealed)
    broken[position % len(sealed)] ^= change
    for what, purpose, vault in (
        (bytes(broken), "a", _VAULT),
        (sealed, "b", _VAULT),
        (sealed, "a", Vault("x" * 32)),
        (b"", "a", _VAULT),
    ):
        with pytest.raises(Unreadable):
            vault.open(what, purpose=purpose)


def test_hashes_need_the_key_and_the_purpose() -> None:
    assert _VAULT.digest("x", purpose="a") == _VAULT.digest("x", purpose="a")
    assert _VAULT.digest("x", purpose="a") != _VAULT.digest("x", purpose="b")
    assert _VAULT.digest("x", purpose="a") != Vault("x" * 32).digest("x", purpose="a")
