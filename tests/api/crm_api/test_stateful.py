"""Customers against a model: whatever two people do in whatever order, the API keeps its word."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, initialize, invariant, multiple, rule
from tests.support.crm import Crm, ok, refused
from tests.support.stateful import BELIEFS, ApiMachine, believed, holds, is_wrong

# A soak lasts seven minutes, and what it finds is made smaller for five at most.
pytestmark = [pytest.mark.api, pytest.mark.timeout(900)]

_NAMES = st.sampled_from(["", "Ann", "Bob", "安娜"])
_PHONES = st.sampled_from(["+40215550101", "+40215550102", "+40215550103"])
_TAGS = st.lists(st.sampled_from(["vip", "gold", "old"]), max_size=3, unique=True)
_FIELDS = st.fixed_dictionaries({"name": _NAMES, "title": _NAMES, "tags": _TAGS})
_CHANGES = st.fixed_dictionaries({}, optional={"name": _NAMES, "title": _NAMES, "tags": _TAGS})


@dataclass
class Known:
    """A customer as the model has him."""

    version: int
    phones: list[str]  # the primary one first
    fields: dict[str, Any]


@dataclass
class Merge:
    """A merge as the model has it, with both as they were."""

    merge_id: str
    survivor_id: str
    merged_id: str
    version_after: int
    before: tuple[Known, Known]
    aliases: list[str]  # that led to the merged one


@dataclass
class World:
    """What is true of one enterprise."""

    customers: dict[str, Known] = field(default_factory=dict)
    leads_to: dict[str, str] = field(default_factory=dict)  # merged ids to survivors
    order: list[str] = field(default_factory=list)  # ids as they were made

    def found(self, customer_id: str) -> str | None:
        """Return whom an id leads to."""
        one = self.leads_to.get(customer_id, customer_id)
        return one if one in self.customers else None


class Desk(ApiMachine):
    """Two clients of one enterprise."""

    ids = Bundle("ids")
    merges = Bundle("merges")

    @initialize()
    def open(self) -> None:
        self.open_enterprise()
        self.world = World()

    # -- records ---------------------------------------------------------------------------------

    @rule(target=ids, phone=_PHONES, fields=_FIELDS)
    def create(self, phone: str, fields: dict[str, Any]) -> str:
        made = self.ask("boss", "POST", "/customers", json={"phone_e164": phone, **fields})
        customer_id = str(ok(made)["customer_id"])
        assert (made.status_code, made.headers["etag"]) == (201, '"1"')
        self.world.customers[customer_id] = Known(1, [phone], dict(fields))
        self.world.order.append(customer_id)
        self.check(customer_id)
        return customer_id

    @rule(target=ids, phone=_PHONES, fields=_FIELDS, key=st.sampled_from(["a", "b"]))
    def create_twice(self, phone: str, fields: dict[str, Any], key: str) -> str:
        """Send a request again whose answer was lost: it is carried out once."""
        number = len(self.world.order)
        headers = {"Idempotency-Key": f"{key}-{number}"}
        body = {"phone_e164": phone, **fields}
        first = ok(self.ask("boss", "POST", "/customers", json=body, headers=headers))
        again = ok(self.ask("boss", "POST", "/customers", json=body, headers=headers))
        assert again == first
        customer_id = str(first["customer_id"])
        self.world.customers[customer_id] = Known(1, [phone], dict(fields))
        self.world.order.append(customer_id)
        return customer_id

    @rule(customer_id=ids, change=_CHANGES, belief=BELIEFS)
    def patch(self, customer_id: str, change: dict[str, Any], belief: str) -> None:
        self.write("PATCH", customer_id, change, change, belief)

    @rule(customer_id=ids, fields=_FIELDS, belief=BELIEFS)
    def put(self, customer_id: str, fields: dict[str, Any], belief: str) -> None:
        known = self.world.customers.get(self.world.found(customer_id) or "")
        phone = known.phones[0] if known is not None else "+40215550101"
        if belief == "none":
            answer = self.ask(
                "boss", "PUT", f"/customers/{customer_id}", json={"phone_e164": phone}
            )
            refused(answer, 428, "if_match_required")
            return
        self.write("PUT", customer_id, {"phone_e164": phone, **fields}, fields, belief)

    def write(
        self, method: str, customer_id: str, body: dict[str, Any], new: dict[str, Any], belief: str
    ) -> None:
        found = self.world.found(customer_id)
        known = self.world.customers.get(found or "")
        headers = believed(known.version if known is not None else 1, belief)
        answer = self.ask("boss", method, f"/customers/{customer_id}", json=body, headers=headers)
        if not self.is_carried_out(answer, found, belief):
            return
        assert found is not None
        assert known is not None
        changed = {**known.fields, **new}
        if changed != known.fields:
            known.version += 1
            known.fields = changed
        assert answer.headers["etag"] == f'"{known.version}"'
        self.check(found)

    @rule(customer_id=ids, belief=BELIEFS)
    def delete(self, customer_id: str, belief: str) -> None:
        found = self.world.found(customer_id)
        known = self.world.customers.get(found or "")
        headers = believed(known.version if known is not None else 1, belief)
        answer = self.ask("boss", "DELETE", f"/customers/{customer_id}", headers=headers)
        if self.is_carried_out(answer, found, belief):
            assert found is not None
            assert answer.status_code == 204
            del self.world.customers[found]
            for each in (found, customer_id):
                self.check(each)

    def is_carried_out(self, answer: httpx.Response, found: str | None, belief: str) -> bool:
        """Whether a write is; where it is not, the refusal is the one that is promised."""
        if found is None:
            refused(answer, 404, "customer_not_found")
            return False
        if is_wrong(belief):
            problem = refused(answer, 412, "customer_changed")
            present = ok(self.ask("boss", "GET", f"/customers/{found}"))
            assert problem["current"] | {"do_not_call": []} == present
            self.check(found)
            return False
        assert answer.is_success, answer.text
        return True

    # -- merges ----------------------------------------------------------------------------------

    @rule(target=merges, one=ids, two=ids, belief=st.sampled_from(["present", "present", "former"]))
    def merge(self, one: str, two: str, belief: str) -> Any:
        world = self.world
        survivor_id, merged_id = world.found(one), world.found(two)
        survivor = world.customers.get(survivor_id or "")
        other = world.customers.get(merged_id or "")
        body = {
            "merged_id": two,
            "survivor_version": survivor.version if survivor is not None else 1,
            "merged_version": (other.version if other is not None else 1) + (belief == "former"),
        }
        answer = self.ask("boss", "POST", f"/customers/{one}/merge", json=body)
        if survivor_id is None or merged_id is None:
            refused(answer, 404, "customer_not_found")
            return multiple()
        if survivor_id == merged_id:
            refused(answer, 422, "merge_same")
            return multiple()
        if belief == "former":
            refused(answer, 412, "customer_changed")
            self.check(survivor_id)
            self.check(merged_id)
            return multiple()
        merge_id = str(ok(answer)["merge_id"])
        assert survivor is not None
        assert other is not None
        before = (deepcopy(survivor), deepcopy(other))
        for name in ("name", "title"):
            survivor.fields[name] = survivor.fields[name] or other.fields[name]
        survivor.fields["tags"] += [
            each for each in other.fields["tags"] if each not in survivor.fields["tags"]
        ]
        survivor.phones += [each for each in other.phones if each not in survivor.phones]
        is_changed = (survivor.fields, survivor.phones) != (before[0].fields, before[0].phones)
        survivor.version += is_changed
        del world.customers[merged_id]
        aliases = [each for each, to in world.leads_to.items() if to == merged_id]
        world.leads_to |= dict.fromkeys([*aliases, merged_id], survivor_id)
        for each in (survivor_id, merged_id, *aliases):
            self.check(each)
        return Merge(merge_id, survivor_id, merged_id, survivor.version, before, aliases)

    @rule(merge=consumes(merges))
    def undo(self, merge: Merge) -> None:
        world = self.world
        answer = self.ask("boss", "POST", f"/customers/merges/{merge.merge_id}/undo")
        survivor = world.customers.get(merge.survivor_id)
        if survivor is None or survivor.version != merge.version_after:
            refused(answer, 409, "merge_changed_since")
            return
        ok(answer)
        world.customers |= {
            merge.survivor_id: deepcopy(merge.before[0]),
            merge.merged_id: deepcopy(merge.before[1]),
        }
        del world.leads_to[merge.merged_id]
        world.leads_to |= dict.fromkeys(merge.aliases, merge.merged_id)
        # Both are new versions: nobody's former belief holds for them.
        for each in (merge.survivor_id, merge.merged_id):
            world.customers[each].version = ok(self.ask("boss", "GET", f"/customers/{each}"))[
                "version"
            ]
        for each in (merge.survivor_id, merge.merged_id, *merge.aliases):
            self.check(each)

    # -- what holds ------------------------------------------------------------------------------

    @rule(customer_id=ids)
    def check(self, customer_id: str) -> None:
        """One is as the model has him, under each of his ids."""
        found = self.world.found(customer_id)
        answer = self.ask("boss", "GET", f"/customers/{customer_id}")
        if found is None:
            refused(answer, 404, "customer_not_found")
            return
        present, known = ok(answer), self.world.customers[found]
        assert present["customer_id"] == found
        assert answer.headers["etag"] == f'"{known.version}"'
        assert {name: present[name] for name in known.fields} == known.fields
        numbers = [each["phone_e164"] for each in present["numbers"]]
        assert (present["phone_e164"], numbers) == (known.phones[0], known.phones)

    @rule(limit=st.integers(1, 3))
    def turn_pages(self, limit: int) -> None:
        """All are listed once, the newest first."""
        listed = [each["customer_id"] for each in self.pages("/customers", limit=limit)]
        assert listed == [
            each for each in reversed(self.world.order) if self.world.found(each) == each
        ]

    @rule(phone=_PHONES)
    def look_up(self, phone: str) -> None:
        """A number leads to all who have it."""
        found = ok(
            self.ask("boss", "GET", "/customers/lookup", params={"phone": phone, "limit": 50})
        )
        known = self.world.customers.items()
        assert {each["customer_id"] for each in found} == {
            customer_id for customer_id, one in known if phone in one.phones
        }

    @invariant()
    def counts_agree(self) -> None:
        if hasattr(self, "world"):
            counted = ok(self.ask("boss", "GET", "/customers/count"))
            assert counted == {"customers": len(self.world.customers)}


async def test_customers_behave_as_the_model(crm: Crm, request: pytest.FixtureRequest) -> None:
    is_long = request.config.getoption("--soak")
    await holds(Desk, crm, is_long=is_long, examples=12)
