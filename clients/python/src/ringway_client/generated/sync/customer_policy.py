"""Customer policy. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender


class CustomerPolicy:
    """Customer policy."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def get_customer_policy(self) -> models.PolicyView:
        """Return the policy that holds.

        Permission: ``customers.read``.
        """
        return self._client.send(_core.Call("GET", "/customer-policy", models.PolicyView))

    def put_customer_policy(
        self, body: models.PolicyBody | Mapping[str, Any], *, if_match: int | str | None = None
    ) -> models.PolicyView:
        """Replace the policy. What its rules name must be there.

        Permission: ``customers.rules``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                "/customer-policy",
                models.PolicyView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    def run_grading(
        self, body: models.GradingRunBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.GradingRunView:
        """Grade customers by the policy's rules now, or only count what would change.

        Permission: ``customers.rules``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/customer-policy/grading-runs",
                models.GradingRunView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )
