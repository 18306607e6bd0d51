"""Nodes. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class Nodes:
    """Nodes."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def drain_node(
        self,
        node: str,
        body: models.DrainBody | None | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.NodeView:
        """Place nothing new on a node until it is undrained; its calls go on to their end.

        Permission: ``nodes.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/nodes/{_quoted(node)}/drain",
                models.NodeView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def list_nodes(self) -> models.PageNodeView:
        """List the Asterisk nodes: who serves, who is being emptied, and what is left there.

        Permission: ``nodes.read``.
        """
        return self._client.send(_core.Call("GET", "/nodes", models.PageNodeView))

    def undrain_node(self, node: str, *, idempotency_key: str | None = None) -> models.NodeView:
        """Let a node serve again.

        Permission: ``nodes.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/nodes/{_quoted(node)}/undrain",
                models.NodeView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )
