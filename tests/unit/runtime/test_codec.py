"""A message is known by its subject, and may not claim another one."""

from __future__ import annotations

import pytest

from ringway.proto.acd import InteractionConnectedV1, InteractionEndedV1
from ringway.proto.base import Fact, Kind, registry
from ringway.runtime.bus.codec import Decoder, encode, tenant_of
from ringway.runtime.bus.streams import fact_subjects
from ringway.runtime.clock import utcnow

pytestmark = pytest.mark.unit

FACTS = [t for t in registry() if issubclass(t, Fact)]


def ended(tenant: str = "t1") -> InteractionEndedV1:
    return InteractionEndedV1(
        occurred_at=utcnow(), tenant=tenant, interaction_id="i1", agent_id="ann", wrap_up_s=1
    )


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.__name__)
def test_every_fact_is_found_by_its_subject(kind: type[Fact]) -> None:
    subject = kind.subject_filter().replace("*", "x")
    assert Decoder(FACTS).type_of(subject) is kind


def test_a_message_comes_back_as_it_was() -> None:
    fact = ended()
    message = encode(fact)
    assert message.subject == "acd.v1.t1.interaction.i1.ended"
    assert Decoder([InteractionEndedV1]).decode(message.subject, message.payload) == fact
    assert message.headers["Nats-Msg-Id"] == fact.message_id


@pytest.mark.parametrize(
    "subject",
    ["acd.v1.t1.interaction.i1.connected", "acd.v1.t1.interaction.i1", "acd.v1.ended", ""],
)
def test_another_subject_is_no_match(subject: str) -> None:
    with pytest.raises(ValueError, match="no type"):
        Decoder([InteractionEndedV1]).decode(subject, encode(ended()).payload)


def test_a_payload_of_another_tenant_is_refused() -> None:
    with pytest.raises(ValueError, match="belongs to"):
        Decoder([InteractionEndedV1]).decode(
            encode(ended("t1")).subject, encode(ended("t2")).payload
        )


def test_the_stream_takes_facts_and_nothing_else() -> None:
    subjects = set(fact_subjects())
    for kind in registry():
        assert (kind.subject_filter() in subjects) is (kind.KIND is Kind.FACT)


def test_the_tenant_is_read_from_the_subject() -> None:
    subject = encode(ended("t9")).subject
    assert tenant_of(InteractionConnectedV1.SUBJECT, subject) == "t9"
