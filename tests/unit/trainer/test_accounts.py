"""Who may register and call at a provider, and where those are who did."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.trainer.core.accounts import Bindings, Gate
from ringway.trainer.core.digest import Authenticator
from ringway.trainer.core.message import Headers, Request, Response

pytestmark = pytest.mark.property

URI = "sip:10.0.0.1"
_text = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1)


def _request(method: str, *headers: tuple[str, str]) -> Request:
    return Request(method, URI, Headers.of(headers))


def _asked(gate: Gate, client: Authenticator, method: str, at: float) -> Request:
    """The request of a client that was challenged at ``at``."""
    user, verdict = gate.check(_request(method), at)
    assert user == ""
    assert verdict is not None
    assert verdict.status == (401 if method == "REGISTER" else 407)
    response = Response(verdict.status, "", Headers.of(verdict.headers))
    assert client.challenged(response, answered=False)
    header = client.header(method, URI)
    assert header is not None
    return _request(method, header)


@given(
    user=_text,
    password=_text,
    algorithm=st.sampled_from(["MD5", "SHA-256"]),
    method=st.sampled_from(["REGISTER", "INVITE"]),
)
def test_a_client_that_knows_the_password_gets_in(
    user: str, password: str, algorithm: str, method: str
) -> None:
    gate = Gate({user: password}, algorithm=algorithm, rng=random.Random(1))
    request = _asked(gate, Authenticator(user, password), method, 0)
    assert gate.check(request, 1) == (user, None)


@given(password=_text, guess=_text)
def test_others_stay_out(password: str, guess: str) -> None:
    gate = Gate({"acme": password})
    request = _asked(gate, Authenticator("acme", guess), "INVITE", 0)
    user, verdict = gate.check(request, 1)
    assert (user == "acme") is (guess == password)
    if guess != password:
        assert verdict is not None
        assert verdict.status == 403
    user, verdict = gate.check(_asked(gate, Authenticator("other", password), "INVITE", 0), 1)
    assert user == ""
    assert verdict is not None
    assert verdict.status == 403


def test_a_proof_is_for_one_method_and_an_old_nonce_is_stale() -> None:
    gate = Gate({"acme": "secret"})
    client = Authenticator("acme", "secret")
    request = _asked(gate, client, "INVITE", 0)
    moved = Request("OPTIONS", URI, request.headers)
    assert gate.check(moved, 1)[0] == ""
    user, verdict = gate.check(request, 1000)
    assert user == ""
    assert verdict is not None
    assert "stale=true" in verdict.headers[0][1]
    response = Response(407, "", Headers.of(verdict.headers))
    assert client.challenged(response, answered=True)
    header = client.header("INVITE", URI)
    assert header is not None
    assert gate.check(_request("INVITE", header), 1001) == ("acme", None)


@pytest.mark.parametrize("value", ["", "Basic abc", "Digest", 'Digest username="acme"'])
def test_what_is_no_proof_is_asked_again(value: str) -> None:
    gate = Gate({"acme": "secret"})
    _, verdict = gate.check(_request("INVITE", ("Proxy-Authorization", value)), 0)
    assert verdict is not None
    assert verdict.status == 407


def _register(expires: str, contact: str = "<sip:acme@10.0.0.2:5070;line=x>") -> Request:
    return _request(
        "REGISTER", ("To", "<sip:acme@10.0.0.1>"), ("Contact", contact), ("Expires", expires)
    )


def test_a_place_is_known_until_it_expires_or_is_taken_back() -> None:
    bindings = Bindings()
    verdict = bindings.register("acme", _register("60"), 0)
    assert verdict.status == 200
    assert dict(verdict.headers)["Contact"] == "<sip:acme@10.0.0.2:5070;line=x>;expires=60"
    place = bindings.place_of("acme", 59)
    assert place is not None
    assert str(place.contact.uri) == "sip:acme@10.0.0.2:5070;line=x"
    assert bindings.place_of("acme", 60) is None
    assert bindings.place_of("other", 0) is None
    bindings.register("acme", _register("60"), 70)
    assert bindings.register("acme", _register("0"), 71).status == 200
    assert bindings.place_of("acme", 71) is None
    bindings.register("acme", _register("60"), 80)
    bindings.register("acme", _register("0", "*"), 81)
    assert bindings.place_of("acme", 81) is None


def test_the_contacts_own_expiry_counts_and_is_bounded() -> None:
    bindings = Bindings(shortest_s=30, longest_s=100)
    bindings.register("acme", _register("60", "<sip:acme@10.0.0.2>;expires=5000"), 0)
    assert bindings.place_of("acme", 99) is not None
    assert bindings.place_of("acme", 101) is None
    verdict = bindings.register("acme", _register("10"), 0)
    assert (verdict.status, verdict.headers) == (423, (("Min-Expires", "30"),))


@pytest.mark.parametrize(("expires", "contact"), [("soon", "<sip:a@b>"), ("60", "<http://a>")])
def test_a_wish_that_makes_no_sense_is_refused(expires: str, contact: str) -> None:
    assert Bindings().register("acme", _register(expires, contact), 0).status == 400
