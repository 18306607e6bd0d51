"""Digest authentication of requests (RFC 7616, RFC 8760): MD5 and SHA-256."""

from __future__ import annotations

import hashlib
import random
import re
from dataclasses import dataclass, field

from ringway.trainer.core.message import Response

_ITEM = re.compile(r'([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
# The strongest algorithm first. MD5 is what the phones of the field still speak.
_HASHES = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
_ANSWERS = {"WWW-Authenticate": "Authorization", "Proxy-Authenticate": "Proxy-Authorization"}


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a server asks for."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: bool = False  # whether "auth" is offered
    opaque: str = ""
    stale: bool = False

    @classmethod
    def parse(cls, value: str) -> Challenge | None:
        """Parse a challenge; ``None`` when it is not one that can be answered."""
        items = _items(value)
        if items is None:
            return None
        algorithm = items.get("algorithm", "MD5").upper()
        offered = [part.strip().lower() for part in items.get("qop", "").split(",") if part.strip()]
        if (
            algorithm not in _HASHES
            or not items.get("nonce")
            or (offered and "auth" not in offered)
        ):
            return None
        return cls(
            realm=items.get("realm", ""),
            nonce=items["nonce"],
            algorithm=algorithm,
            qop=bool(offered),
            opaque=items.get("opaque", ""),
            stale=items.get("stale", "").lower() == "true",
        )


def authorization(
    challenge: Challenge,
    *,
    username: str,
    password: str,
    method: str,
    uri: str,
    count: int,
    cnonce: str,
) -> str:
    """The value of the Authorization header that answers ``challenge``.

    Args:
        count: How often this nonce has been used, this time included.
        cnonce: The client's own random word.
    """

    used = f"{count:08x}"
    given = Proof(
        username=username,
        realm=challenge.realm,
        nonce=challenge.nonce,
        uri=uri,
        algorithm=challenge.algorithm,
        qop="auth" if challenge.qop else "",
        count=used,
        cnonce=cnonce,
    )
    quoted = {
        "username": username,
        "realm": challenge.realm,
        "nonce": challenge.nonce,
        "uri": uri,
        "response": proof_of(given, password=password, method=method),
    }
    if challenge.qop:
        quoted["cnonce"] = cnonce
    if challenge.opaque:
        quoted["opaque"] = challenge.opaque
    items = [f'{name}="{_escape(value)}"' for name, value in quoted.items()]
    items.append(f"algorithm={challenge.algorithm}")
    if challenge.qop:
        items += ["qop=auth", f"nc={used}"]
    return "Digest " + ", ".join(items)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a client sends to prove that it knows a password."""

    username: str
    realm: str
    nonce: str
    uri: str
    algorithm: str = "MD5"
    qop: str = ""
    count: str = ""  # eight hexadecimal digits
    cnonce: str = ""
    response: str = ""

    @classmethod
    def parse(cls, value: str) -> Proof | None:
        """Parse an Authorization header; ``None`` when it is not one that can be checked."""
        items = _items(value)
        if items is None or not {"username", "nonce", "uri", "response"} <= items.keys():
            return None
        algorithm = items.get("algorithm", "MD5").upper()
        if algorithm not in _HASHES or items.get("qop", "auth").lower() != "auth":
            return None
        return cls(
            username=items["username"],
            realm=items.get("realm", ""),
            nonce=items["nonce"],
            uri=items["uri"],
            algorithm=algorithm,
            qop=items.get("qop", "").lower(),
            count=items.get("nc", ""),
            cnonce=items.get("cnonce", ""),
            response=items["response"].lower(),
        )


def proof_of(given: Proof, *, password: str, method: str) -> str:
    """The response that proves ``password`` for what else is in ``given``."""

    def digest(*parts: str) -> str:
        return _HASHES[given.algorithm](":".join(parts).encode()).hexdigest()

    who = digest(given.username, given.realm, password)
    what = digest(method, given.uri)
    if given.qop:
        return digest(who, given.nonce, given.count, given.cnonce, given.qop, what)
    return digest(who, given.nonce, what)


def _items(value: str) -> dict[str, str] | None:
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    return {
        name.lower(): re.sub(r"\\(.)", r"\1", quoted) if quoted else bare
        for name, quoted, bare in _ITEM.findall(rest)
    }


def _escape(value: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", value)


@dataclass(slots=True)
class Authenticator:
    """One account towards one server: answers challenges and re-uses their nonce afterwards."""

    username: str
    password: str
    rng: random.Random = field(default_factory=random.Random, repr=False)
    _challenge: Challenge | None = None
    _header: str = "Authorization"
    _count: int = 0

    def header(self, method: str, uri: str) -> tuple[str, str] | None:
        """The header to send with the next request, or ``None`` before the first challenge."""
        if self._challenge is None:
            return None
        self._count += 1
        value = authorization(
            self._challenge,
            username=self.username,
            password=self.password,
            method=method,
            uri=uri,
            count=self._count,
            cnonce=f"{self.rng.getrandbits(64):016x}",
        )
        return self._header, value

    def challenged(self, response: Response, *, answered: bool) -> bool:
        """Take the strongest challenge of a 401 or 407. True when trying again makes sense.

        Args:
            answered: The refused request already answered a challenge of this exchange; then
                only a stale nonce is worth another try.
        """
        for name, answer in _ANSWERS.items():
            parsed = [Challenge.parse(value) for value in response.headers.all(name)]
            usable = [challenge for challenge in parsed if challenge is not None]
            if usable:
                order = list(_HASHES)
                best = min(usable, key=lambda challenge: order.index(challenge.algorithm))
                self._challenge, self._header, self._count = best, answer, 0
                return best.stale or not answered
        return False
