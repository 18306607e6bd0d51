"""Whatever is put and deleted in any order: every reference leads somewhere, none in a circle."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ringway.acd.config_checks import Known, check_delete, check_put
from ringway.acd.config_references import references, unique_fields
from ringway.proto import acd_config as c
from ringway.runtime.errors import Refused

pytestmark = pytest.mark.property

M = TypeVar("M", bound=c.Config)
KNOWN = Known(has_agent=lambda _: True, has_trunk=lambda _: True)
IDS = st.sampled_from(["a", "b", "c", "d", "e"])
CODES = {"config_invalid", "reference_unknown", "name_taken", "config_in_use"}


def to_queue(queue_id: str | None) -> c.Target:
    if queue_id is None:
        return c.Target(kind=c.TargetKind.BUSY)
    return c.Target(kind=c.TargetKind.QUEUE, value=queue_id)


class Tenant(RuleBasedStateMachine):
    """Objects of one tenant under any sequence of accepted changes."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[tuple[str, str], c.Config] = {}

    def all(self, model: type[M], /) -> Mapping[str, M]:
        return {
            key: each
            for (kind, key), each in self.objects.items()
            if kind == model.KIND and isinstance(each, model)
        }

    def holder(self, kind: str, field: str, value: Hashable, /) -> str | None:
        for (other, key), each in self.objects.items():
            if other == kind and (field, value) in list(unique_fields(each)):
                return key
        return None

    def put(self, object_id: str, new: c.Config) -> None:
        refusal: Refused | None = None
        try:
            check_put(self, object_id, new, KNOWN)
        except Refused as exc:
            refusal = exc
        if refusal is None:
            self.objects[new.KIND, object_id] = new
        else:
            assert refusal.code in CODES
            assert refusal.detail

    @rule(
        queue_id=IDS,
        name=IDS,
        timeout=IDS | st.none(),
        full=IDS | st.none(),
        calendar=IDS | st.none(),
    )
    def put_queue(
        self,
        queue_id: str,
        name: str,
        timeout: str | None,
        full: str | None,
        calendar: str | None,
    ) -> None:
        queue = c.Queue(
            name=name, on_timeout=to_queue(timeout), on_full=to_queue(full), calendar_id=calendar
        )
        self.put(queue_id, queue)

    @rule(object_id=IDS, name=IDS)
    def put_calendar(self, object_id: str, name: str) -> None:
        self.put(object_id, c.Calendar(name=name))

    @rule(object_id=IDS, did=st.sampled_from(["1", "2"]), queue_id=IDS)
    def put_route(self, object_id: str, did: str, queue_id: str) -> None:
        self.put(object_id, c.InboundRoute(name=object_id, did=did, target=to_queue(queue_id)))

    @rule(kind=st.sampled_from(["queue", "calendar", "inbound_route"]), object_id=IDS)
    def delete(self, kind: str, object_id: str) -> None:
        is_used = any(
            (each.kind, each.object_id) == (kind, object_id)
            for config in self.objects.values()
            for each in references(config)
        )
        if is_used:
            with pytest.raises(Refused, match="config_in_use"):
                check_delete(self, kind, object_id)
        else:
            check_delete(self, kind, object_id)
            self.objects.pop((kind, object_id), None)

    @invariant()
    def every_reference_leads_somewhere(self) -> None:
        for config in self.objects.values():
            for each in references(config):
                assert (each.kind, each.object_id) in self.objects

    @invariant()
    def nothing_unique_is_shared(self) -> None:
        values = [
            (kind, *each)
            for (kind, _), config in self.objects.items()
            for each in unique_fields(config)
        ]
        assert len(values) == len(set(values))

    @invariant()
    def overflow_ends(self) -> None:
        queues = dict(self.all(c.Queue))
        while queues:
            # A queue whose overflow leads to no other that is left cannot be in a circle.
            ends = [
                queue_id
                for queue_id, queue in queues.items()
                if not {queue.on_timeout.value, queue.on_full.value} & queues.keys()
            ]
            assert ends, f"a circle among {sorted(queues)}"
            for queue_id in ends:
                del queues[queue_id]


TestTenant = Tenant.TestCase
