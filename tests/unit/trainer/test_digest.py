"""Digest authentication against the examples of RFC 7616, section 3.9.1."""

from __future__ import annotations

import random
import re

import pytest

from ringway.trainer.core.digest import Authenticator, Challenge, authorization
from ringway.trainer.core.message import Headers, Response

pytestmark = pytest.mark.unit

_NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_the_rfc(algorithm: str, expected: str) -> None:
    challenge = Challenge.parse(
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
        f'nonce="{_NONCE}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    assert challenge is not None
    header = authorization(
        challenge,
        username="Mufasa",
        password="Circle of Life",
        method="GET",
        uri="/dir/index.html",
        count=1,
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert re.search(r'response="([0-9a-f]+)"', header)[1] == expected  # type: ignore[index]
    assert 'opaque="FQhe' in header


def test_without_qop_the_old_form_of_rfc_2069_is_used() -> None:
    challenge = Challenge(realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093")
    header = authorization(
        challenge,
        username="Mufasa",
        password="CircleOfLife",
        method="GET",
        uri="/dir/index.html",
        count=1,
        cnonce="x",
    )
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in header
    assert "cnonce" not in header


def _challenge(*values: str) -> Response:
    return Response(401, "Unauthorized", Headers.of([("WWW-Authenticate", v) for v in values]))


def test_the_strongest_known_algorithm_is_answered() -> None:
    account = Authenticator("u", "p", random.Random(1))
    assert account.header("REGISTER", "sip:x") is None
    assert account.challenged(
        _challenge(
            'Digest realm="r", nonce="a", algorithm=MD5, qop="auth"',
            'Digest realm="r", nonce="b", algorithm=SHA-256, qop="auth"',
            'Digest realm="r", nonce="c", algorithm=SHA-512-256, qop="auth"',
        ),
        answered=False,
    )
    name, value = account.header("REGISTER", "sip:x") or ("", "")
    assert name == "Authorization"
    assert 'nonce="b"' in value
    assert "nc=00000001" in value
    assert "nc=00000002" in (account.header("REGISTER", "sip:x") or ("", ""))[1]


def test_a_wrong_password_is_not_tried_twice_but_a_stale_nonce_is() -> None:
    account = Authenticator("u", "p", random.Random(1))
    assert not account.challenged(_challenge('Digest realm="r", nonce="a"'), answered=True)
    assert account.challenged(_challenge('Digest realm="r", nonce="b", stale=TRUE'), answered=True)


@pytest.mark.parametrize(
    "value",
    ["Basic realm=x", 'Digest realm="r", nonce="a", qop="auth-int"', 'Digest realm="r"', "Digest"],
)
def test_a_challenge_that_cannot_be_answered_is_left_alone(value: str) -> None:
    assert not Authenticator("u", "p").challenged(_challenge(value), answered=False)
