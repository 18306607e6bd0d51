"""The server's side of digest authentication and registration, as a SIP provider has it."""

from __future__ import annotations

import hmac
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from ringway.trainer.core.address import NameAddr
from ringway.trainer.core.digest import Proof, proof_of
from ringway.trainer.core.message import Malformed, Request
from ringway.trainer.core.stack import Verdict

_NONCE_S = 300.0


@dataclass(slots=True)
class Gate:
    """Asks for proof, and checks it.

    Args:
        passwords: By user name.
        algorithm: ``MD5`` or ``SHA-256``.
    """

    passwords: Mapping[str, str]
    realm: str = "provider"
    algorithm: str = "MD5"
    rng: random.Random = field(default_factory=random.Random, repr=False)
    _nonces: dict[str, float] = field(default_factory=dict)

    def check(self, request: Request, at: float) -> tuple[str, Verdict | None]:
        """The user who sent a request, or what it is answered with instead."""
        header = _header(request.method, "Authorization", "Proxy-Authorization")
        proof = Proof.parse(request.headers.get(header))
        if proof is None:
            return "", self._challenge(request.method, at)
        made_at = self._nonces.get(proof.nonce)
        if made_at is None or at - made_at > _NONCE_S:
            return "", self._challenge(request.method, at, is_stale=True)
        password = self.passwords.get(proof.username)
        if password is None or proof.realm != self.realm or proof.algorithm != self.algorithm:
            return "", Verdict(403)
        right = proof_of(proof, password=password, method=request.method)
        if not hmac.compare_digest(right, proof.response):
            return "", Verdict(403)
        return proof.username, None

    def _challenge(self, method: str, at: float, *, is_stale: bool = False) -> Verdict:
        nonce = f"{self.rng.getrandbits(128):032x}"
        self._nonces = {old: made for old, made in self._nonces.items() if at - made < _NONCE_S}
        self._nonces[nonce] = at
        value = (
            f'Digest realm="{self.realm}", nonce="{nonce}", algorithm={self.algorithm}, qop="auth"'
        )
        if is_stale:
            value += ", stale=true"
        header = _header(method, "WWW-Authenticate", "Proxy-Authenticate")
        return Verdict(401 if method == "REGISTER" else 407, ((header, value),))


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a registered user is reached."""

    contact: NameAddr
    expires_at: float


@dataclass(slots=True)
class Bindings:
    """Who is registered: one place for each user."""

    shortest_s: int = 1
    longest_s: int = 3600
    places: dict[str, Binding] = field(default_factory=dict)
    registered: int = 0  # REGISTERs that were accepted

    def register(self, user: str, request: Request, at: float) -> Verdict:
        """Take an authenticated REGISTER."""
        try:
            expires_s, contact = _wish(request, self.longest_s)
        except (Malformed, ValueError):
            return Verdict(400)
        if contact is not None and expires_s == 0:
            self.places.pop(user, None)
        elif contact is not None:
            if expires_s < self.shortest_s:
                return Verdict(423, (("Min-Expires", str(self.shortest_s)),))
            expires_s = min(expires_s, self.longest_s)
            self.places[user] = Binding(NameAddr(contact.uri), at + expires_s)
        self.registered += 1
        found = self.place_of(user, at)
        if found is None:
            return Verdict(200, (("Expires", "0"),))
        left_s = round(found.expires_at - at)
        shown = NameAddr(found.contact.uri, params=(("expires", str(left_s)),))
        return Verdict(200, (("Contact", str(shown)), ("Expires", str(left_s))))

    def place_of(self, user: str, at: float) -> Binding | None:
        """Where ``user`` is reached, unless that is over."""
        found = self.places.get(user)
        return found if found is not None and found.expires_at > at else None


def _header(method: str, register: str, other: str) -> str:
    return register if method == "REGISTER" else other


def _wish(request: Request, longest_s: int) -> tuple[int, NameAddr | None]:
    expires = request.headers.get("Expires") or str(longest_s)
    value = request.headers.get("Contact")
    if not value:
        return int(expires), None
    if value.strip() == "*":
        return 0, NameAddr.parse(request.headers.get("To"))
    contact = NameAddr.parse(value)
    return int(dict(contact.params).get("expires") or expires), contact
