"""Customer pool. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender


class CustomerPool:
    """Customer pool."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def assign_customers(
        self,
        body: models.CustomersAssignBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.PoolMoveView:
        """Give customers to agents: by hand, evenly, by weights or by rules; or back to the pool.

        All of it is one act. A customer whom somebody else gave away meanwhile stays where he
        is.

        Permission: ``customers.assign``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/customer-pool/assign",
                models.PoolMoveView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def claim_customers(
        self, body: models.ClaimBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.ClaimView:
        """Take customers out of the public pool for oneself, where the policy allows it.

        Permission: ``customers.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/customer-pool/claim",
                models.ClaimView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def get_customer_pool(self) -> models.PoolView:
        """Return how many customers are in the public pool, and how many everybody has.

        Permission: ``customers.assign``.
        """
        return self._client.send(_core.Call("GET", "/customer-pool", models.PoolView))

    def hand_over_customers(
        self, body: models.HandOverBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.PoolMoveView:
        """Give everything that somebody has in hand to a colleague or to the pool, in one act.

        Permission: ``customers.assign``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/customer-pool/hand-over",
                models.PoolMoveView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def return_customers(
        self, body: models.ReturnBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.PoolMoveView:
        """Give customers of one's own back to the public pool.

        Permission: ``customers.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/customer-pool/return",
                models.PoolMoveView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )
