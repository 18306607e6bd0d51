"""What is asked of an identity provider over HTTP: discovery, keys, tokens.

An enterprise names its provider, so every address is checked: https, and no address of a private
network, also not behind a name. Hosts that the platform's operator lists may be inside, and on
the loopback interface without TLS.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

import aiohttp
import jwt
import orjson

from ringway.crm_api.outside import OutsideOnly, check_url
from ringway.runtime import held
from ringway.runtime.errors import DependencyDown

_FRESH_S = 600.0
_LIMIT_S = 8.0
_MAX_BYTES = 500_000
_WHO = "An identity provider"
# Asymmetric ones only: with a shared secret whoever knows it could sign.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]


class ProviderFailed(Exception):
    """The provider does not answer as the standard says."""


class ProviderDown(DependencyDown):
    """The provider does not answer at all."""


@dataclass(slots=True)
class _Known:
    metadata: dict[str, Any]
    read_at: float
    keys: dict[str, jwt.PyJWK] = field(default_factory=dict)


class Providers:
    """Speaks with identity providers, and remembers what they say of themselves for a while.

    Args:
        inside_hosts: Hosts that may be inside of a network.
        clock: Monotonic seconds.
    """

    def __init__(self, inside_hosts: frozenset[str], clock: Callable[[], float]) -> None:
        self.inside_hosts = inside_hosts
        self._clock = clock
        self._known: dict[str, _Known] = {}

    async def metadata(self, issuer: str) -> dict[str, Any]:
        """Return what the provider says of itself.

        Raises:
            AddressRefused, ProviderFailed, ProviderDown: It cannot be used (now).
        """
        return (await self._of(issuer)).metadata

    async def exchange(
        self,
        issuer: str,
        *,
        client_id: str,
        client_secret: str | None,
        code: str,
        verifier: str,
        redirect_uri: str,
    ) -> str:
        """Exchange an authorization code for an id token. Raises as :meth:`metadata`."""
        metadata = await self.metadata(issuer)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": client_id,
        }
        headers = {}
        if client_secret is not None:
            methods = metadata.get("token_endpoint_auth_methods_supported")
            if isinstance(methods, list) and "client_secret_basic" not in methods:
                form["client_secret"] = client_secret
            else:
                # RFC 6749, 2.3.1: both are form-encoded before they are joined.
                both = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
                headers["Authorization"] = f"Basic {b64encode(both.encode()).decode()}"
        answer = await self._call("POST", metadata["token_endpoint"], form, headers)
        if not isinstance(token := answer.get("id_token"), str):
            raise ProviderFailed("The provider gave no id token.")
        return token

    async def claims(
        self, issuer: str, token: str, *, client_id: str, nonce: str
    ) -> Mapping[str, Any]:
        """Return what an id token says, when it is the provider's, for us, and of this sign-in.

        Keys are read again when the token was signed with one that is not known yet.
        """
        known = await self._of(issuer)
        try:
            key_id = str(jwt.get_unverified_header(token).get("kid", ""))
            if key_id not in known.keys:
                known.keys = await self._keys(known.metadata)
            key = known.keys.get(key_id)
            if key is None and len(known.keys) == 1 and not key_id:
                key = next(iter(known.keys.values()))
            if key is None:
                raise ProviderFailed("The id token is signed with a key that nobody knows.")
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=_ALGORITHMS,
                audience=client_id,
                issuer=issuer,
                leeway=60,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
        except jwt.PyJWTError as error:
            raise ProviderFailed(f"The id token is not valid: {error}") from error
        if claims.get("nonce") != nonce:
            raise ProviderFailed("The id token belongs to another sign-in.")
        if claims.get("azp", client_id) != client_id:
            raise ProviderFailed("The id token was made for another client.")
        return claims

    async def _of(self, issuer: str) -> _Known:
        known = self._known.get(issuer)
        if known is not None and self._clock() - known.read_at < _FRESH_S:
            return known
        url = issuer.rstrip("/") + "/.well-known/openid-configuration"
        metadata = await self._call("GET", url)
        if metadata.get("issuer") != issuer:
            raise ProviderFailed("The provider calls itself by another name.")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not isinstance(metadata.get(name), str):
                raise ProviderFailed(f"The provider names no {name}.")
            check_url(metadata[name], self.inside_hosts, who=_WHO)
        known = _Known(metadata, self._clock())
        self._known[issuer] = known
        if len(self._known) > 1_000:
            del self._known[next(iter(self._known))]
        return known

    async def _keys(self, metadata: dict[str, Any]) -> dict[str, jwt.PyJWK]:
        found = await self._call("GET", metadata["jwks_uri"])
        keys: dict[str, jwt.PyJWK] = {}
        entries = found.get("keys")
        for each in entries if isinstance(entries, list) else []:
            if isinstance(each, dict) and each.get("use", "sig") == "sig":
                try:
                    keys[str(each.get("kid", ""))] = jwt.PyJWK(each)
                except jwt.PyJWTError:
                    continue  # of a kind that we do not know
        return keys

    async def _call(
        self,
        method: str,
        url: str,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        await held.settle()
        check_url(url, self.inside_hosts, who=_WHO)
        connector = aiohttp.TCPConnector(resolver=OutsideOnly(self.inside_hosts))
        try:
            async with (
                asyncio.timeout(_LIMIT_S),
                aiohttp.ClientSession(connector=connector) as http,
                http.request(
                    method, url, data=form, headers=headers, allow_redirects=False
                ) as answer,
            ):
                body = await answer.content.read(_MAX_BYTES)
                while not answer.content.at_eof() and len(body) < _MAX_BYTES:
                    body += await answer.content.read(_MAX_BYTES - len(body))
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise ProviderDown(f"The identity provider does not answer: {error!r}") from error
        if status != 200:
            raise ProviderFailed(f"The identity provider answered {status}.")
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ProviderFailed("The identity provider answered no JSON.") from error
        if not isinstance(content, dict):
            raise ProviderFailed("The identity provider answered no object.")
        return content
