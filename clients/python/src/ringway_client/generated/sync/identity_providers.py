"""Identity providers. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class IdentityProviders:
    """Identity providers."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def change_identity_provider(
        self,
        provider_id: UUID | str,
        body: models.ProviderBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.ProviderView:
        """Change an identity provider.

        Permission: ``users.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/identity-providers/{_quoted(provider_id)}",
                models.ProviderView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    def create_identity_provider(
        self, body: models.ProviderBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.ProviderView:
        """Let the enterprise's people sign in at its own identity provider.

        Permission: ``users.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/identity-providers",
                models.ProviderView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def get_identity_provider(self, provider_id: UUID | str) -> models.ProviderView:
        """Return one identity provider.

        Permission: ``users.write``.
        """
        return self._client.send(
            _core.Call("GET", f"/identity-providers/{_quoted(provider_id)}", models.ProviderView)
        )

    def list_identity_providers(self) -> models.PageProviderView:
        """List the identity providers.

        Permission: ``users.write``.
        """
        return self._client.send(_core.Call("GET", "/identity-providers", models.PageProviderView))

    def remove_identity_provider(self, provider_id: UUID | str) -> None:
        """Remove an identity provider. Its users stay, and sign in with a password.

        Permission: ``users.write``.
        """
        return self._client.send(
            _core.Call("DELETE", f"/identity-providers/{_quoted(provider_id)}", type(None))
        )
