"""Work orders against a model: whatever two people do in whatever order, the API keeps its word."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, precondition, rule
from tests.support.crm import Crm, ok, refused
from tests.support.stateful import BELIEFS, ApiMachine, believed, holds, is_wrong

from ringway.crm_api.access import Role

# A soak lasts seven minutes, and what it finds is made smaller for five at most.
pytestmark = [pytest.mark.api, pytest.mark.timeout(900)]

_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["Charged twice", "No dial tone", "报修"]),
        "description": st.sampled_from(["", "Since Monday."]),
        "priority": st.integers(1, 5),
    },
)
_WHO = st.sampled_from(["boss", "eve"])
# Where the ways of the shipped design lead to, by the step from which they begin.
_WAYS = {
    "new": {"accept": "handling", "finish": "done", "cancel": "cancelled"},
    "handling": {"wait": "waiting", "finish": "done", "cancel": "cancelled"},
    "waiting": {"resume": "handling", "cancel": "cancelled"},
    "done": {},
    "cancelled": {},
}
_ENDS = ("done", "cancelled")
_MANY = 4  # orders: with more each would be walked less far
# A way that there is, by its place among them; or any, whether or not there is such a way.
_ACTIONS = st.integers(0, 2) | st.sampled_from(["accept", "wait", "resume", "finish", "cancel"])


@dataclass
class Known:
    """An order as the model has it."""

    fields: dict[str, Any]
    step: str = "new"
    assignee: str | None = None
    times_reopened: int = 0
    acts: list[str] = field(default_factory=lambda: ["created"])  # one for each version

    @property
    def version(self) -> int:
        return len(self.acts)


class Desk(ApiMachine):
    """Two people of one enterprise."""

    ids = Bundle("ids")

    @initialize(target=ids)
    def open(self) -> str:
        slug = self.open_enterprise()
        boss = self.people["boss"]
        self.people["eve"] = self.calls(self.crm.user(boss, slug, Role.ENTERPRISE_ADMIN, "eve"))
        self.user_ids = {name: self.get("/me", name)["user_id"] for name in self.people}
        types = self.get("/business-types")["items"]
        self.type_id = next(
            each["business_type_id"] for each in types if each["kind"] == "consultation"
        )
        self.orders: dict[str, Known] = {}
        self.order: list[str] = []  # ids as they were made
        self.keys = 0
        return self.make_one("boss", is_repeated=True, description="")

    # -- acts ------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.order) < _MANY)
    @rule(target=ids, who=_WHO, is_repeated=st.booleans(), description=st.sampled_from(["", "x"]))
    def make(self, who: str, is_repeated: bool, description: str) -> str:
        return self.make_one(who, is_repeated=is_repeated, description=description)

    def make_one(self, who: str, *, is_repeated: bool, description: str) -> str:
        """An answer may be lost and the request be sent again: it is carried out once."""
        body = {
            "business_type_id": self.type_id,
            "title": "Charged twice",
            "description": description,
        }
        headers = {"Idempotency-Key": f"make-{len(self.order)}"}
        made = self.ask(who, "POST", "/work-orders", json=body, headers=headers)
        new = ok(made)
        assert (made.status_code, made.headers["etag"]) == (201, '"1"')
        if is_repeated:
            assert ok(self.ask(who, "POST", "/work-orders", json=body, headers=headers)) == new
        work_order_id = str(new["work_order_id"])
        fields = {"title": "Charged twice", "description": description, "priority": 3}
        self.orders[work_order_id] = Known(fields)
        self.order.append(work_order_id)
        self.check(work_order_id, who)
        return work_order_id

    @rule(work_order_id=ids, who=_WHO, change=_CHANGES, belief=BELIEFS)
    def patch(self, work_order_id: str, who: str, change: dict[str, Any], belief: str) -> None:
        known = self.orders.get(work_order_id)
        answer = self.write("PATCH", work_order_id, "", who, belief, change)
        if not self.is_carried_out(answer, work_order_id, belief, needs_version=True):
            return
        assert known is not None
        assert answer.is_success, answer.text
        # What is so already changes nothing, nor does an empty change.
        if any(known.fields[name] != value for name, value in change.items()):
            known.acts.append("changed")
            known.fields |= change
        self.check(work_order_id, who)

    @rule(
        work_order_id=ids,
        who=_WHO,
        wanted=_ACTIONS,
        has_comment=st.booleans(),
        belief=BELIEFS,
        is_repeated=st.booleans(),
    )
    def act(
        self,
        work_order_id: str,
        who: str,
        wanted: int | str,
        has_comment: bool,
        belief: str,
        is_repeated: bool,
    ) -> None:
        known = self.orders.get(work_order_id)
        ways = list(_WAYS[known.step]) if known is not None else []
        if isinstance(wanted, str):
            action = wanted
        else:
            action = ways[wanted % len(ways)] if ways else "accept"
        body = {"comment": "So it is."} if has_comment else {}
        self.keys += 1
        key = f"act-{self.keys}" if is_repeated else None
        asked = (f"/actions/{action}", who, belief, body)
        answer = self.write("POST", work_order_id, *asked, key=key)
        if not self.is_carried_out(answer, work_order_id, belief, needs_version=True):
            return
        assert known is not None
        to = _WAYS[known.step].get(action)
        if known.step in _ENDS:
            refused(answer, 409, "order_ended")
        elif to is None:
            refused(answer, 409, "action_unknown")
        elif action == "cancel" and not has_comment:
            refused(answer, 422, "comment_missing")
        else:
            assert answer.is_success, answer.text
            if is_repeated:
                again = self.write("POST", work_order_id, *asked, key=key)
                assert ok(again) == answer.json()
            known.acts.append("moved")
            known.step = to
        self.check(work_order_id, who)

    @rule(work_order_id=ids, who=_WHO, belief=BELIEFS, gives_back=st.booleans())
    def hand(self, work_order_id: str, who: str, belief: str, *, gives_back: bool) -> None:
        """Take an order, or give it back."""
        known = self.orders.get(work_order_id)
        what = "/return" if gives_back else "/take"
        answer = self.write("POST", work_order_id, what, who, belief)
        if not self.is_carried_out(answer, work_order_id, belief):
            return
        assert known is not None
        if known.step in _ENDS:
            refused(answer, 409, "order_ended")
        elif gives_back and known.assignee is None:
            refused(answer, 409, "order_not_assigned")
        elif not gives_back and known.assignee not in (None, who):
            refused(answer, 409, "order_taken")
        else:
            assert answer.is_success, answer.text
            known.acts.append("returned" if gives_back else "taken")
            known.assignee = None if gives_back else who
        self.check(work_order_id, who)

    @rule(work_order_id=ids, who=_WHO, belief=BELIEFS)
    def reopen(self, work_order_id: str, who: str, belief: str) -> None:
        known = self.orders.get(work_order_id)
        answer = self.write("POST", work_order_id, "/reopen", who, belief, {})
        if not self.is_carried_out(answer, work_order_id, belief):
            return
        assert known is not None
        if known.step not in _ENDS:
            refused(answer, 409, "order_not_ended")
        else:
            assert answer.is_success, answer.text
            known.acts.append("reopened")
            known.step = "handling"
            known.times_reopened += 1
        self.check(work_order_id, who)

    @rule(work_order_id=ids, who=_WHO, belief=BELIEFS)
    def delete(self, work_order_id: str, who: str, belief: str) -> None:
        answer = self.write("DELETE", work_order_id, "", who, belief)
        if self.is_carried_out(answer, work_order_id, belief):
            assert answer.status_code == 204, answer.text
            del self.orders[work_order_id]
            self.check(work_order_id, who)

    def write(
        self,
        method: str,
        work_order_id: str,
        what: str,
        who: str,
        belief: str,
        body: dict[str, Any] | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        known = self.orders.get(work_order_id)
        headers |= believed(known.version if known is not None else 1, belief)
        path = f"/work-orders/{work_order_id}{what}"
        return self.ask(who, method, path, headers=headers, json=body)

    def is_carried_out(
        self,
        answer: httpx.Response,
        work_order_id: str,
        belief: str,
        *,
        needs_version: bool = False,
    ) -> bool:
        """Whether the order is asked at all; where not, the refusal is the one promised."""
        if belief == "none" and needs_version:
            refused(answer, 428, "if_match_required")
            return False
        if work_order_id not in self.orders:
            refused(answer, 404, "work_order_not_found")
            return False
        if is_wrong(belief):
            problem = refused(answer, 412, "work_order_changed")
            self.is_known(problem["current"], work_order_id)
            self.check(work_order_id, "boss")
            return False
        return True

    # -- what holds ------------------------------------------------------------------------------

    def is_known(self, present: dict[str, Any], work_order_id: str) -> None:
        known = self.orders[work_order_id]
        assignee_id = self.user_ids[known.assignee] if known.assignee is not None else None
        assert {name: present[name] for name in known.fields} == known.fields
        shown = ("version", "step", "assignee_id", "times_reopened")
        assert [present[name] for name in shown] == [
            *(known.version, known.step, assignee_id, known.times_reopened),
        ]
        assert {each["action"]: each["to"] for each in present["actions"]} == _WAYS[known.step]

    @rule(work_order_id=ids, who=_WHO)
    def check(self, work_order_id: str, who: str) -> None:
        """One is as the model has it, for everybody, and its history tells each step."""
        path = f"/work-orders/{work_order_id}"
        answer = self.ask(who, "GET", path)
        if work_order_id not in self.orders:
            refused(answer, 404, "work_order_not_found")
            return
        known = self.orders[work_order_id]
        self.is_known(ok(answer), work_order_id)
        assert answer.headers["etag"] == f'"{known.version}"'
        told = self.get(f"{path}/history", who)["items"]
        assert [each["action"] for each in told] == known.acts
        assert [each["version"] for each in told] == list(range(1, known.version + 1))

    @rule(limit=st.integers(1, 3), who=_WHO)
    def turn_pages(self, limit: int, who: str) -> None:
        """All are listed once, the newest first."""
        page = self.pages("/work-orders", who, limit=limit)
        listed = [each["work_order_id"] for each in page]
        assert listed == [each for each in reversed(self.order) if each in self.orders]

    @invariant()
    def lists_agree(self) -> None:
        if not hasattr(self, "order"):
            return
        for who, user_id in self.user_ids.items():
            page = self.get("/work-orders", params={"assignee_id": user_id, "open": True})
            assert {each["work_order_id"] for each in page["items"]} == {
                work_order_id
                for work_order_id, known in self.orders.items()
                if known.assignee == who and known.step not in _ENDS
            }


async def test_work_orders_behave_as_the_model(crm: Crm, request: pytest.FixtureRequest) -> None:
    is_long = request.config.getoption("--soak")
    await holds(Desk, crm, is_long=is_long, examples=10)
