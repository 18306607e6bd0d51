"""People who keep records against a model: what they may ask, and what they must see."""

from __future__ import annotations

from typing import Any

import httpx
from tests.support.crm import ok, refused, rows_of
from tests.support.records_model import (
    Design,
    Record,
    fits,
    misfits,
    order_key,
)
from tests.support.stateful import ApiMachine, believed, is_wrong
from tests.support.waiting import eventually

from ringway.crm_api.access import Role
from ringway.crm_api.objects import key_columns


class RecordsDesk(ApiMachine):
    """An enterprise with an object of its own, and three people who see different fields of it."""

    def open_cards(self) -> None:
        slug = self.open_enterprise()
        boss = self.people["boss"]
        for n, (name, role) in enumerate((("ann", Role.AGENT), ("quin", Role.QC_AGENT))):
            self.people[name] = self.calls(self.crm.user(boss, slug, role, name, number=f"80{n}"))
        self.design = Design()
        made = ok(self.ask("boss", "POST", "/objects", json=self.design.body()))
        self.path = f"/objects/{made['object_id']}"
        self.version = 1
        self.held = self.design.shapes()
        self.records: dict[str, Record] = {}  # in the order in which they were made
        self.is_unique = True  # and no two have one value
        self.keys = 0

    def redesign_as(self, design: Design, belief: str) -> None:
        headers = believed(self.version, belief)
        answer = self.ask("boss", "PUT", self.path, json=design.body(), headers=headers)
        wrong = misfits(self.held if self.records else {}, design)
        if belief == "none":
            refused(answer, 428, "if_match_required")
        elif is_wrong(belief):
            problem = refused(answer, 412, "object_changed")
            assert problem["current"] == self.get(self.path)
        elif wrong:
            problem = refused(answer, 422, "object_does_not_fit")
            assert {each["field"]: each["code"] for each in problem["fields"]} == wrong
        else:
            self.is_designed(design)
            assert (ok(answer)["version"], answer.headers["etag"]) == (
                self.version,
                f'"{self.version}"',
            )

    def is_designed(self, design: Design) -> None:
        """Note that an object is designed like this now."""
        self.held = (self.held if self.records else {}) | design.shapes()
        self.design = design
        self.version += 1
        if not design.is_unique:
            self.is_unique = False

    def build(self) -> None:
        """Do what the worker does until no index is being built."""

        async def done() -> bool:
            await key_columns.build_some(self.crm.deps.pool)
            query = "SELECT FROM crm.data_object_key WHERE state = 'building'"
            return not await rows_of(self.crm, query)

        self.calls(eventually(done))
        cards = [record.values["card"] for record in self.records.values()]
        self.is_unique = self.design.is_unique and len(set(cards)) == len(cards)
        states = {
            each["key"]: each["state"]
            for each in self.get(self.path)["indexes"]
            if each["is_unique"]
        }
        state = "ready" if self.is_unique else "failed"
        assert states == ({"card": state} if self.design.is_unique else {})

    def is_made(self, record_id: str, who: str, values: dict[str, Any]) -> None:
        self.records[record_id] = Record(values)
        self.records[record_id].save(who, values)
        self.check(record_id, who)

    def is_refused(
        self,
        answer: httpx.Response,
        values: dict[str, Any],
        wrong: dict[str, str],
        record_id: str = "",
    ) -> bool:
        """Whether values cannot be saved: then each field is told what is wrong with it."""
        wrong = wrong or self.taken(values, record_id)
        if not wrong:
            assert answer.is_success, answer.text
            return False
        problem = refused(answer, 422, "values_invalid")
        assert {each["field"]: each["code"] for each in problem["fields"]} == wrong
        return True

    def taken(self, values: dict[str, Any], record_id: str = "") -> dict[str, str]:
        cards = [it.values["card"] for key, it in self.records.items() if key != record_id]
        return {"card": "value_taken"} if self.is_unique and values["card"] in cards else {}

    def nth(self, n: int) -> str:
        return list(self.records)[n % len(self.records)]

    def shown(self, record: Record, who: str) -> dict[str, Any]:
        """The values that somebody sees."""
        return {key: value for key, value in record.values.items() if self.design.sees(who, key)}

    def check(self, record_id: str, who: str) -> None:
        """One is as the model has it, and its history tells each change that one may see."""
        path, record = f"{self.path}/records/{record_id}", self.records[record_id]
        answer = self.ask(who, "GET", path)
        assert ok(answer)["values"] == self.shown(record, who)
        assert answer.headers["etag"] == f'"{record.version}"'
        told = self.pages(f"{path}/changes", who, limit=2)
        assert [
            (
                each["version"],
                each["act"],
                each["changed_by_name"],
                [(it["key"], it["old"], it["new"]) for it in each["changes"]],
            )
            for each in told
        ] == [
            (
                version,
                "created" if version == 1 else "changed",
                by,
                [(key, *both) for key, both in changes.items() if self.design.sees(who, key)],
            )
            for version, (by, changes) in reversed(list(enumerate(record.saves, 1)))
        ]

    def list_some(
        self,
        who: str,
        wanted: list[tuple[str, str, str]],
        sort: str | None,
        is_down: bool,
        limit: int,
    ) -> None:
        """A list is as the model has it, or refused as it is promised."""
        params: dict[str, Any] = {"filter": [":".join(each) for each in wanted], "limit": limit}
        if sort is not None:
            params["sort"] = f"{'-' if is_down else ''}{sort}"
        path, keys = f"{self.path}/records", [key for key, _, _ in wanted]
        for key in [*keys, *([sort] if sort else [])]:
            if not self.design.sees(who, key) or not self.design.has_index(key):
                is_seen = self.design.sees(who, key)
                code = "field_not_indexed" if is_seen else "field_unknown"
                refused(self.ask(who, "GET", path, params=params), 422, code)
                return
        if "since" in keys and self.design.since == "number":
            refused(self.ask(who, "GET", path, params=params), 422, "not_a_number")
            return
        if any(self.is_no_option(*each) for each in wanted):
            refused(self.ask(who, "GET", path, params=params), 422, "not_an_option")
            return
        listed = self.pages(path, who, **params)
        known = [
            record_id
            for record_id, record in self.records.items()
            if all(fits(*each, record.values) for each in wanted)
        ]
        if sort is None:
            known.sort(reverse=True)  # the newest first
        else:
            known.sort(
                key=lambda it: (order_key(sort, self.records[it].values), it), reverse=is_down
            )
        assert [each["record_id"] for each in listed] == known
        for each in listed:
            record = self.records[each["record_id"]]
            assert (each["values"], each["version"]) == (self.shown(record, who), record.version)

    def is_no_option(self, key: str, operator: str, operand: str) -> bool:
        is_option = key == "level" and self.design.level == "enum"
        return is_option and operator != "contains" and operand not in self.design.options
