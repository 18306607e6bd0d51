"""Messages for tests of the bus, which carries any of them alike."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest

from ringway.proto.acd import InteractionEndedV1
from ringway.runtime.clock import utcnow

MakeFact = Callable[..., InteractionEndedV1]


@pytest.fixture
def tenant() -> str:
    return str(uuid4())


@pytest.fixture
def ended(tenant: str) -> MakeFact:
    """Makes facts: ``ended("i1")``."""

    def make(interaction_id: str, **more: object) -> InteractionEndedV1:
        return InteractionEndedV1.model_validate(
            {
                "occurred_at": utcnow(),
                "tenant": tenant,
                "interaction_id": interaction_id,
                "agent_id": "ann",
                "wrap_up_s": 1.5,
                **more,
            }
        )

    return make
