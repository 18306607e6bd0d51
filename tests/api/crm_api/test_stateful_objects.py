"""Objects of an enterprise's own against a model: fields that change, values that stay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from tests.support.crm import Crm, ok, refused
from tests.support.records_desk import RecordsDesk
from tests.support.records_model import (
    Design,
    written,
)
from tests.support.stateful import BELIEFS, believed, holds, is_wrong

# A soak lasts seven minutes, and what it finds is made smaller for five at most.
pytestmark = [pytest.mark.api, pytest.mark.timeout(900)]

# An administrator, an agent who changes records, and an inspector who makes and reads them.
_WHO = st.sampled_from(["boss", "ann", "ann", "quin"])
_CARDS = ["11", "12", "123", "13", "14", "15"]
_VALUES = {
    "card": st.sampled_from([*_CARDS, *_CARDS, "1", "x", "", None]),
    "level": st.sampled_from(["gold", "silver", "basic", "gold", "lead", None]),
    "limit": st.sampled_from([0, 501, 20, 501, -1, None]),
    "half": st.sampled_from([251, 7]),
    "score": st.sampled_from([1, 2.5, -3, 0.25, None]),
    "since": st.sampled_from(["2026-01-31", "2026-01-02", "2026-13-01", None]),
    "vip": st.sampled_from([True, False, None]),
    "tags": st.sampled_from([["new"], ["old", "new"], [], None]),
    "nothing": st.just("x"),
}
# What can be saved, if the design and one's role have it.
_OFTEN = {
    "card": st.sampled_from(_CARDS),
    "level": st.sampled_from(["gold", "basic", None]),
    "limit": st.sampled_from([501, 20, 0, None]),
    "score": st.sampled_from([1, 2.5, -3, None]),
    "since": st.sampled_from(["2026-01-31", "2026-01-02", None]),
    "vip": st.sampled_from([True, False, None]),
    "tags": st.sampled_from([["new"], ["old", "new"], []]),
}
_SENT = st.one_of(
    *(st.fixed_dictionaries({key: _OFTEN[key]}) for key in _OFTEN),
    st.fixed_dictionaries({}, optional=_VALUES),
)
_NEW = st.tuples(st.sampled_from(_CARDS), _SENT).map(lambda it: {"card": it[0], **it[1]})
Change = tuple[int, str, dict[str, Any], bool, str]
_CHANGES = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(["boss", "ann", "boss", "ann", "quin"]),
        _SENT,
        st.booleans(),
        BELIEFS,
    ),
    min_size=1,
    max_size=6,
)
_DESIGNS = st.builds(
    Design,
    left_out=st.sets(st.sampled_from(["level", "limit", "score", "since", "tags"]), max_size=2).map(
        frozenset
    ),
    level=st.sampled_from(["enum", "enum", "enum", "text"]),
    options=st.sampled_from([*[("gold", "silver", "basic")] * 3, ("gold", "basic")]),
    retired=st.sampled_from(["", "gold", "basic"]),
    since=st.sampled_from(["date", "date", "date", "text", "number"]),
    currency=st.sampled_from(["CNY", "CNY", "CNY", "EUR"]),
    score_is_for=st.sampled_from(
        [("enterprise_admin",), ("enterprise_admin", "qc_agent"), ("enterprise_admin", "agent")]
    ),
    is_unique=st.booleans(),
    indexed=st.sets(st.sampled_from(["level", "limit", "half", "score", "since", "vip"])).map(
        lambda some: (
            frozenset({"level", "limit", "half", "score", "since", "vip"} - some)
            if len(some) < 3
            else frozenset(some)
        )
    ),
)
_FILTERS = st.one_of(
    *(
        st.tuples(st.just(key), st.sampled_from(operators), st.sampled_from(operands))
        for key, operators, operands in (
            ("card", ["eq", "in", "contains", "gte"], ["11", "12"]),
            ("level", ["eq", "ne", "in", "lt", "contains"], ["gold", "basic"]),
            ("limit", ["eq", "ne", "lt", "gte", "in"], ["501", "20"]),
            ("half", ["eq", "gte"], ["251", "0"]),
            ("score", ["eq", "ne", "lt", "gte"], ["1", "2.5"]),
            ("since", ["eq", "gte", "lt"], ["2026-01-31", "2026-01-10"]),
            ("vip", ["eq", "ne"], ["true", "false"]),
            ("limit", ["empty"], ["true", "false"]),
            ("score", ["empty"], ["true", "false"]),
            ("nothing", ["eq"], ["1"]),
        )
    )
)
_KEYS = st.sampled_from(["card", "level", "limit", "half", "score", "since", "vip", "tags"])


class Desk(RecordsDesk):
    """Whatever three people do in whatever order."""

    @initialize(new=_NEW)
    def open(self, new: dict[str, Any]) -> None:
        self.open_cards()
        self.retype_at_once()
        self.change(0, "boss", {"score": 2.5, "level": "gold"}, True, "present")
        self.change(0, "ann", {"limit": 501}, True, "present")
        self.change(0, "ann", {}, True, "present")  # which changes nothing
        self.create("ann", {"card": "99"}, is_repeated=True)
        self.create("ann", new, is_repeated=True)
        self.list_some("ann", [("limit", "lt", "600")], "limit", is_down=True, limit=1)
        self.ask_for_what_is_hidden("ann", "score")

    # -- the design ------------------------------------------------------------------------------

    @rule(design=_DESIGNS, belief=BELIEFS, is_built=st.booleans())
    def redesign(self, design: Design, belief: str, is_built: bool) -> None:
        self.redesign_as(design, belief)
        # Lists are right meanwhile; which values are unique is known when it is built.
        if is_built or self.design.is_unique:
            self.build()

    @rule(key=st.sampled_from(["level", "limit", "score", "since", "tags"]))
    def leave_out_and_bring_back(self, key: str) -> None:
        """Values stay, though nobody sees them meanwhile."""
        before = self.design
        self.redesign_as(replace(before, left_out=before.left_out | {key}), "any")
        for record_id in self.records:
            self.check(record_id, "boss")
        self.redesign_as(before, "any")
        self.build()
        for record_id in self.records:
            self.check(record_id, "boss")

    @rule(who=_WHO)
    def look(self, who: str) -> None:
        """A field that one does not see is not there."""
        answer = self.ask(who, "GET", self.path)
        shown = ok(answer)
        assert answer.headers["etag"] == f'"{self.version}"'
        seen = [key for key in self.design.keys if who == "boss" or self.design.sees(who, key)]
        assert [each["key"] for each in shown["fields"]] == seen
        assert {each["key"] for each in shown["indexes"]} <= set(seen)
        assert shown["may"] == [
            act
            for act, people in (
                ("create", "boss ann quin"),
                ("read", "boss ann quin"),
                ("change", "boss ann"),
                ("delete", "boss"),
            )
            if who in people.split()
        ]

    # -- records ---------------------------------------------------------------------------------

    @precondition(lambda self: len(self.records) < 5)
    @rule(who=_WHO, new=_NEW, is_repeated=st.booleans())
    def create(self, who: str, new: dict[str, Any], is_repeated: bool) -> None:
        self.keys += 1
        headers = {"Idempotency-Key": f"key-{self.keys}"} if is_repeated else {}
        asked = ("POST", f"{self.path}/records")
        answer = self.ask(who, *asked, json={"values": new}, headers=headers)
        if is_repeated:
            again = self.ask(who, *asked, json={"values": new}, headers=headers)
            assert (again.status_code, again.json()) == (answer.status_code, answer.json())
        values, wrong = written(self.design, who, new, None, is_whole=False)
        if not self.is_refused(answer, values, wrong):
            self.is_made(ok(answer)["record_id"], who, values)
            assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')

    @rule(who=_WHO, rows=st.lists(_NEW, min_size=1, max_size=3))
    def create_many(self, who: str, rows: list[dict[str, Any]]) -> None:
        """Each is made or refused alone."""
        if len(self.records) > 3:
            return
        body = {"records": [{"values": each} for each in rows]}
        told = ok(self.ask(who, "POST", f"{self.path}/records/bulk", json=body))
        assert (told["made"] + told["refused"], len(told["rows"])) == (len(rows), len(rows))
        for row, new in zip(told["rows"], rows, strict=True):
            values, wrong = written(self.design, who, new, None, is_whole=False)
            wrong = wrong or self.taken(values)
            assert {each["field"]: each["code"] for each in row["errors"]} == wrong
            if not wrong:
                self.is_made(row["record_id"], who, values)

    @precondition(lambda self: self.records)
    @rule(changes=_CHANGES)
    def change_some(self, changes: list[Change]) -> None:
        """Several in one rule: so records get a history."""
        for each in changes:
            self.change(*each)

    def change(self, n: int, who: str, sent: dict[str, Any], is_whole: bool, belief: str) -> None:
        record_id = self.nth(n)
        record = self.records[record_id]
        if is_whole:  # what was read is sent back, with some changes
            sent = {**self.shown(record, who), **sent}
        answer = self.ask(
            who,
            "PUT" if is_whole else "PATCH",
            f"{self.path}/records/{record_id}",
            json={"values": sent},
            headers=believed(record.version, belief),
        )
        if belief == "none":
            refused(answer, 428, "if_match_required")
        elif who == "quin":
            refused(answer, 403, "record_right_missing")
        elif is_wrong(belief):
            problem = refused(answer, 412, "record_changed")
            assert problem["current"] == self.get(f"{self.path}/records/{record_id}", who)
        else:
            values, wrong = written(self.design, who, sent, record.values, is_whole=is_whole)
            is_refused = self.is_refused(answer, values, wrong, record_id)
            if not is_refused and values != record.values:
                record.save(who, values)
        self.check(record_id, who)

    @precondition(lambda self: self.records)
    @rule(n=st.integers(0, 4), who=_WHO, belief=BELIEFS)
    def delete(self, n: int, who: str, belief: str) -> None:
        record_id = self.nth(n)
        path, version = f"{self.path}/records/{record_id}", self.records[record_id].version
        answer = self.ask(who, "DELETE", path, headers=believed(version, belief))
        if who != "boss":
            refused(answer, 403, "record_right_missing")
        elif is_wrong(belief):
            refused(answer, 412, "record_changed")
        else:
            assert answer.status_code == 204, answer.text
            del self.records[record_id]
            for what in ("", "/changes"):
                refused(self.ask(who, "GET", path + what), 404, "record_not_found")
            return
        self.check(record_id, who)

    @rule(n=st.integers(0, 4), what=st.sampled_from(["change", "create", "retype"]))
    def at_the_same_time(self, n: int, what: str) -> None:
        """Of two who do what excludes each other, one is first, and the other is told."""
        if what == "change" and self.records:
            self.change_at_once(self.nth(n))
        elif what == "create" and self.is_unique:
            card = str(900 + n)
            values, wrong = written(self.design, "ann", {"card": card}, None, is_whole=False)
            if wrong or self.taken(values):
                return
            asked = {"json": {"values": {"card": card}}}
            path = f"{self.path}/records"
            answers = self.at_once(("ann", "POST", path, asked), ("ann", "POST", path, asked))
            assert sorted(each.status_code for each in answers) == [201, 422]
            (made,) = (each.json() for each in answers if each.is_success)
            self.is_made(made["record_id"], "ann", values)
        elif not self.records and "limit" in self.design.keys:
            self.retype_at_once()

    def change_at_once(self, record_id: str) -> None:
        record = self.records[record_id]
        old = record.values.get("tags")
        wishes = [("boss", ["new"]), ("ann", ["new", "old"])]
        if "tags" not in self.design.keys or any(old == new for _, new in wishes):
            return
        path, headers = f"{self.path}/records/{record_id}", believed(record.version, "present")
        answers = self.at_once(
            *(
                (who, "PATCH", path, {"json": {"values": {"tags": tags}}, "headers": headers})
                for who, tags in wishes
            )
        )
        assert sorted(each.status_code for each in answers) == [200, 412]
        n, late = (0, 1) if answers[0].is_success else (1, 0)
        who, tags = wishes[n]
        values, wrong = written(self.design, who, {"tags": tags}, record.values, is_whole=False)
        assert not wrong
        record.save(who, values)
        problem = refused(answers[late], 412, "record_changed")
        assert problem["current"]["values"] == self.shown(record, wishes[late][0])
        self.check(record_id, who)

    def retype_at_once(self) -> None:
        """The first record, and a field that gets another type: never both."""
        other = replace(self.design, currency="EUR" if self.design.currency == "CNY" else "CNY")
        new = {"card": "77", "limit": 20}
        redesigned, made = self.at_once(
            ("boss", "PUT", self.path, {"json": other.body(), "headers": {"If-Match": "*"}}),
            ("ann", "POST", f"{self.path}/records", {"json": {"values": new}}),
        )
        values, wrong = written(self.design, "ann", new, None, is_whole=False)
        assert not wrong
        if redesigned.is_success:
            # It came first: the record was made for what the field is now.
            self.is_designed(other)
        else:
            refused(redesigned, 422, "object_does_not_fit")
        self.is_made(ok(made)["record_id"], "ann", values)
        self.build()

    # -- what holds ------------------------------------------------------------------------------

    @rule(
        who=_WHO,
        wanted=st.lists(_FILTERS, max_size=2),
        sort=st.none() | _KEYS,
        is_down=st.booleans(),
        limit=st.integers(1, 3),
    )
    def read(self, who: str, **how: Any) -> None:
        """A list has those that fit, in its order; by what one does not see nobody asks."""
        self.list_some(who, **how)

    @rule(who=_WHO, key=st.sampled_from(["card", "limit", "score", "nothing"]), n=st.integers(0, 2))
    def look_up(self, who: str, key: str, n: int) -> None:
        value: Any = _CARDS[n] if key == "card" else (501, 20, 1)[n]
        body = {"key": key, "value": str(value)}
        answer = self.ask(who, "POST", f"{self.path}/records/lookup", json=body)
        found = [it for it in self.records.values() if it.values.get(key) == value]
        if not self.design.sees(who, key):
            refused(answer, 422, "field_unknown")
        elif not self.design.has_index(key):
            refused(answer, 422, "field_not_indexed")
        elif not found:
            refused(answer, 404, "record_not_found")
        elif len(found) > 1:
            refused(answer, 409, "record_not_unique")
        else:
            assert ok(answer)["values"] == self.shown(found[0], who)

    @rule(who=_WHO, key=_KEYS)
    def ask_for_what_is_hidden(self, who: str, key: str) -> None:
        """It is answered in the words in which what is not there is."""
        if self.design.sees(who, key) or who == "boss":
            return
        path, strange = f"{self.path}/records", "z" * len(key)
        asked: list[tuple[str, str, dict[str, Any]]] = [
            ("GET", path, {"params": {"filter": "KEY:empty:true"}}),
            ("GET", path, {"params": {"sort": "-KEY"}}),
            ("GET", path, {"params": {"fields": "card,KEY"}}),
            ("POST", path, {"json": {"values": {"card": "55", "KEY": 1}}}),
            ("POST", f"{path}/bulk", {"json": {"records": [{"values": {"KEY": 1}}]}}),
            ("POST", f"{path}/lookup", {"json": {"key": "KEY", "value": "1"}}),
        ]
        for record_id in list(self.records)[:1]:
            more = {"json": {"values": {"KEY": None}}, "headers": {"If-Match": "*"}}
            asked.append(("PATCH", f"{path}/{record_id}", more))
        for method, where, more in asked:
            hidden, unknown = (
                self.ask(who, method, where, **_named(more, name)) for name in (key, strange)
            )
            assert hidden.status_code == unknown.status_code
            assert hidden.text.replace(key, strange) == unknown.text
            assert "field_unknown" in hidden.text or who == "quin"

    def teardown(self) -> None:
        for record_id in getattr(self, "records", {}):
            for who in self.people:
                self.check(record_id, who)


def _named(value: Any, key: str) -> Any:
    """Return a request that names a field."""
    match value:
        case dict():
            return {_named(name, key): _named(each, key) for name, each in value.items()}
        case list():
            return [_named(each, key) for each in value]
        case str():
            return value.replace("KEY", key)
        case _:
            return value


async def test_objects_behave_as_the_model(crm: Crm, request: pytest.FixtureRequest) -> None:
    is_long = request.config.getoption("--soak")
    await holds(Desk, crm, is_long=is_long, examples=8, steps=14)
