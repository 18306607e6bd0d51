"""An object of an enterprise's own as a small model: fields that change, and values that stay."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# Roles by who has them.
ROLES = {"boss": "enterprise_admin", "ann": "agent", "quin": "qc_agent"}
NUMBERS = {"limit", "half", "score", "vip"}


@dataclass(frozen=True)
class Design:
    """How an object is designed. Each member is something that administrators change."""

    left_out: frozenset[str] = frozenset()
    level: str = "enum"  # or text
    options: tuple[str, ...] = ("gold", "silver", "basic")
    retired: str = ""
    since: str = "date"  # or text, or number
    currency: str = "CNY"
    score_is_for: tuple[str, ...] = ("enterprise_admin", "qc_agent")
    is_unique: bool = True
    indexed: frozenset[str] = frozenset({"level", "limit", "half", "score", "since", "vip"})

    @property
    def keys(self) -> list[str]:
        """The keys of its fields. Half is computed from the limit, and goes with it."""
        gone = self.left_out | ({"half"} if "limit" in self.left_out else set())
        return [key for key in _KEYS if key not in gone]

    def body(self) -> dict[str, Any]:
        """Return it as it is sent."""
        options = [
            {"key": key, "name_en": key.title(), "is_retired": key == self.retired}
            for key in self.options
        ]
        is_text = self.level == "text"
        made: dict[str, dict[str, Any]] = {
            "card": {"type": "text", "required": True, "pattern": "[0-9]{2,3}"}
            | {"is_unique": self.is_unique},
            "level": {"type": "text"} if is_text else {"type": "enum", "options": options},
            "limit": {"type": "money", "currency": self.currency, "min": 0},
            "half": {"type": "formula", "result": "money", "expression": "round(limit / 2, 0)"},
            "score": {"type": "number", "decimals": 1, "read_roles": list(self.score_is_for)}
            | {"write_roles": ["enterprise_admin"]},
            "since": {"type": self.since},
            "vip": {"type": "boolean", "write_roles": ["agent"]},
            "tags": {"type": "multi_select", "options": [
                {"key": key, "name_en": key} for key in ("new", "old")]},
        }  # fmt: skip
        made["level"] |= {"default": "basic"} if self.retired != "basic" else {}
        fields = [
            {"key": key, "name_en": key, **made[key]}
            | ({"is_indexed": True} if key in self.indexed else {})
            for key in self.keys
        ]
        rights = {"change": ["enterprise_admin", "agent"], "delete": ["enterprise_admin"]}
        return {"kind": "base", "name": "Cards", "fields": fields, "rights": rights}

    def sees(self, who: str, key: str) -> bool:
        return key in self.keys and (key != "score" or ROLES[who] in self.score_is_for)

    def writes(self, who: str, key: str) -> bool:
        only = {"score": "boss", "vip": "ann", "half": ""}
        return self.sees(who, key) and only.get(key, who) == who

    def has_index(self, key: str) -> bool:
        return key in self.indexed or (key == "card" and self.is_unique)

    def shapes(self) -> dict[str, tuple[str, frozenset[str]]]:
        """What values of each key are, with the options that they may be."""
        kinds = {
            "card": "text",
            "level": self.level,
            "limit": self.currency,
            "half": "formula",
            "score": "number",
            "since": self.since,
            "vip": "boolean",
            "tags": "multi_select",
        }
        chosen = {"tags": frozenset({"new", "old"})}
        if self.level == "enum":
            chosen["level"] = frozenset(self.options)
        return {key: (kinds[key], chosen.get(key, frozenset())) for key in self.keys}


_KEYS = ("card", "level", "limit", "half", "score", "since", "vip", "tags")


def misfits(held: dict[str, tuple[str, frozenset[str]]], design: Design) -> dict[str, str]:
    """Return what is wrong with a design, by key, where records hold what they ``held``."""
    wrong = {}
    for key, (kind, options) in design.shapes().items():
        old_kind, old_options = held.get(key, (kind, options))
        if kind != old_kind and not (kind == "text" and old_kind in ("enum", "date")):
            wrong[key] = "field_retyped"
        elif kind in ("enum", "multi_select") and old_options - options:
            wrong[key] = "option_removed"
    return wrong


@dataclass
class Record:
    """A record as the model has it: also what nobody sees any more."""

    values: dict[str, Any]
    saves: list[tuple[str, dict[str, tuple[Any, Any]]]] = field(default_factory=list)

    @property
    def version(self) -> int:
        return len(self.saves)

    def save(self, who: str, values: dict[str, Any]) -> None:
        """Note who saved it, with old and new value of what differs."""
        old = self.values if self.saves else {}
        keys = sorted(old.keys() | values.keys())
        told = {key: (old.get(key), values.get(key)) for key in keys}
        told = {key: (was, now) for key, (was, now) in told.items() if was != now}
        self.saves.append((who, told))
        self.values = values


def written(
    design: Design, who: str, sent: dict[str, Any], old: dict[str, Any] | None, *, is_whole: bool
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values after a write, and what is wrong with it by key."""
    before = old or {}
    after, wrong = dict(before), {}
    for key, value in sent.items():
        same = value == before.get(key) and type(value) is type(before.get(key))
        if not design.sees(who, key):
            wrong[key] = "field_unknown"
        elif same:
            continue
        elif not design.writes(who, key):
            wrong[key] = "field_read_only"
        elif value in (None, "", []):
            after.pop(key, None)
        elif code := _fault(design, key, value, before.get(key)):
            wrong[key] = code
        else:
            after[key] = sorted(value) if isinstance(value, list) else value
    for key in design.keys:
        if key in sent:
            continue
        if old is None and key == "level" and design.retired != "basic":
            after[key] = "basic"
        elif old is not None and is_whole and design.writes(who, key):
            after.pop(key, None)
    if "card" not in after and "card" not in wrong:
        wrong["card"] = "field_required"
    if "half" in design.keys:
        after.pop("half", None)
        if "limit" in after:
            after["half"] = (after["limit"] + 1) // 2
    return after, wrong


def _fault(design: Design, key: str, value: Any, old: Any) -> str:
    """Return what is wrong with a value; empty: nothing."""
    match key:
        case "card":
            return "" if value.isdigit() and 2 <= len(value) <= 3 else "pattern_mismatch"
        case "level" if design.level == "enum":
            is_kept = value in design.options and (value != design.retired or value == old)
            return "" if is_kept else "not_an_option"
        case "limit":
            return "" if value >= 0 else "below_min"
        case "since" if design.since == "date":
            return "" if value.startswith("2026-01") else "not_a_date"
        case "since" if design.since == "number":
            return "not_a_number"
        case "score":
            return "" if value == round(value, 1) else "too_many_decimals"
    return ""


def order_key(key: str, values: dict[str, Any]) -> Any:
    """Return what records are ordered by; what is empty comes first."""
    value = values.get(key)
    if key in NUMBERS:
        return float("-inf") if value is None else float(value)
    return "" if value is None else value


def fits(key: str, operator: str, operand: str, values: dict[str, Any]) -> bool:
    """Whether a record fits a condition."""
    value = order_key(key, values)
    is_empty = value in ("", float("-inf"))
    if operator == "empty":
        return is_empty == (operand == "true")
    if operator == "contains":
        return operand.lower() in str(values.get(key, "")).lower()
    wanted: list[Any] = operand.split(",") if operator == "in" else [operand]
    if key in NUMBERS:
        wanted = [float(each == "true") if key == "vip" else float(each) for each in wanted]
    match operator:
        case "eq" | "in":
            return value in wanted
        case "ne":
            return bool(value != wanted[0])
        case "gte":
            return bool(value >= wanted[0])
        case _:
            return bool(value < wanted[0]) and not is_empty
