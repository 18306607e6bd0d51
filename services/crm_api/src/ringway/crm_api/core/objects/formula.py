"""Formulas: a small language of arithmetic, texts and dates over the fields of one record.

    round(price * amount * 1.19, 2)        if(grade = 'gold', 'VIP', '')
    days(paid_on, due_on) > 30             concat(upper(left(name, 1)), '-', city)

``+ - * / %``, ``= != < <= > >=``, ``and or not``, the functions of :data:`FUNCTIONS`, numbers,
texts in single quotes, ``true``, ``false`` and keys of fields. Types are checked when the formula
is made. What is empty makes the result empty, but in ``coalesce``, ``is_empty`` and the branch
of ``if`` that is not taken. So does what cannot be computed, such as a division by zero.
There are no loops; the length and the depth of a formula are bounded, and so are all values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ringway.crm_api.core.objects.definition import FieldType
from ringway.crm_api.core.objects.functions import FUNCTIONS, OPERATORS, Type, Unknown, typed

MAX_FORMULA = 1_000  # characters
MAX_DEPTH = 40

_TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]{1,15}(?:\.[0-9]{1,6})?)|(?P<text>'(?:[^']|'')*')"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign><=|>=|!=|[-+*/%=<>(),]))"
)
_TYPES: dict[FieldType, Type] = {
    FieldType.TEXT: Type.TEXT,
    FieldType.PHONE: Type.TEXT,
    FieldType.EMAIL: Type.TEXT,
    FieldType.ENUM: Type.TEXT,
    FieldType.NUMBER: Type.NUMBER,
    FieldType.MONEY: Type.NUMBER,
    FieldType.DATE: Type.DATE,
    FieldType.DATETIME: Type.MOMENT,
    FieldType.BOOLEAN: Type.BOOLEAN,
}
# What binds least comes first.
_LEVELS = (("or",), ("and",), ("=", "!=", "<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))


class BadFormula(ValueError):
    """A formula that is not understood, or does not come to what it should."""


@dataclass(frozen=True, slots=True)
class _Literal:
    value: Any
    type: Type
    depth: int = 1


@dataclass(frozen=True, slots=True)
class _Name:
    key: str
    depth: int = 1


@dataclass(frozen=True, slots=True)
class _Call:
    function: str
    arguments: tuple[_Node, ...]
    depth: int


_Node = _Literal | _Name | _Call


def names(expression: str) -> frozenset[str]:
    """Return the keys of fields that a formula uses. Raises BadFormula."""
    return frozenset(_names(_parse(expression)))


def check_formula(expression: str, types: Mapping[str, FieldType], result: FieldType) -> None:
    """Check a formula against the fields that it may use.

    Args:
        types: The types of fields by their keys.
        result: What it must come to; money is a number of minor units.

    Raises:
        BadFormula: Why it cannot be used.
    """
    found = _type(_parse(expression), types)
    if found is not _TYPES[result]:
        raise BadFormula(f"The formula comes to a {found}, not to a {result}.")


def compute(expression: str, values: Mapping[str, Any], types: Mapping[str, FieldType]) -> Any:
    """Return what a checked formula comes to: a Decimal, text, date or boolean; None: empty.

    Args:
        values: Stored values of one record.
        types: As the formula was checked with.
    """
    try:
        return _value(_parse(expression), values, types)
    except Unknown:
        return None


# -- reading -------------------------------------------------------------------------------------


@lru_cache(maxsize=1_000)
def _parse(expression: str) -> _Node:
    if len(expression) > MAX_FORMULA:
        raise BadFormula(f"A formula has at most {MAX_FORMULA} characters.")
    reader = _Reader(_tokens(expression))
    node = reader.level(0, 0)
    if reader.next is not None:
        raise BadFormula(f"The formula is not understood at {reader.next[1]!r}.")
    return node


def _tokens(expression: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = expression.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadFormula(f"The formula is not understood at {text[at : at + 20].strip()!r}.")
        found.append((str(match.lastgroup), match.group(str(match.lastgroup))))
        at = match.end()
    return found


class _Reader:
    """Descends through the levels of operators; ``nested`` bounds its own recursion."""

    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def next(self) -> tuple[str, str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def level(self, level: int, nested: int) -> _Node:
        if nested > MAX_DEPTH:
            raise BadFormula(f"A formula is at most {MAX_DEPTH} levels deep.")
        if level == len(_LEVELS):
            return self._unary(nested)
        left = self.level(level + 1, nested)
        while (sign := self._accept(*_LEVELS[level])) is not None:
            left = _call(sign, (left, self.level(level + 1, nested)))
        return left

    def _unary(self, nested: int) -> _Node:
        if self._accept("-") is not None:
            return _call("negative", (self.level(len(_LEVELS), nested + 1),))
        if self._accept("not") is not None:
            return _call("not", (self.level(2, nested + 1),))
        return self._atom(nested)

    def _atom(self, nested: int) -> _Node:
        if self.next is None:
            raise BadFormula("The formula ends too early.")
        kind, text = self.next
        self._at += 1
        if kind == "number":
            return _Literal(typed(text, Type.NUMBER), Type.NUMBER)
        if kind == "text":
            return _Literal(text[1:-1].replace("''", "'"), Type.TEXT)
        if kind == "name":
            if text in ("true", "false"):
                return _Literal(text == "true", Type.BOOLEAN)
            if self._accept("(") is not None:
                return self._function(text, nested)
            return _Name(text)
        if text == "(":
            inside = self.level(0, nested + 1)
            self._expect(")")
            return inside
        raise BadFormula(f"The formula is not understood at {text!r}.")

    def _function(self, name: str, nested: int) -> _Node:
        if name not in FUNCTIONS:
            raise BadFormula(f"There is no function {name}; there are {', '.join(FUNCTIONS)}.")
        arguments: list[_Node] = []
        while self._accept(")") is None:
            if arguments:
                self._expect(",")
            arguments.append(self.level(0, nested + 1))
        return _call(name, tuple(arguments))

    def _accept(self, *signs: str) -> str | None:
        if self.next is None or self.next[0] == "text" or self.next[1] not in signs:
            return None
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _expect(self, sign: str) -> None:
        if self._accept(sign) is None:
            raise BadFormula(f"The formula misses {sign!r}.")


def _call(function: str, arguments: tuple[_Node, ...]) -> _Call:
    depth = 1 + max((each.depth for each in arguments), default=0)
    if depth > MAX_DEPTH:
        raise BadFormula(f"A formula is at most {MAX_DEPTH} levels deep.")
    return _Call(function, arguments, depth)


def _names(node: _Node) -> set[str]:
    if isinstance(node, _Call):
        return {name for each in node.arguments for name in _names(each)}
    return {node.key} if isinstance(node, _Name) else set()


# -- types and values ----------------------------------------------------------------------------


def _type(node: _Node, types: Mapping[str, FieldType]) -> Type:
    if isinstance(node, _Literal):
        return node.type
    if isinstance(node, _Name):
        if node.key not in types:
            raise BadFormula(f"There is no field {node.key}.")
        kind = _TYPES.get(types[node.key])
        if kind is None:
            raise BadFormula(f"{node.key} is a {types[node.key]}, which formulas cannot use.")
        return kind
    arguments = [_type(each, types) for each in node.arguments]
    function = FUNCTIONS.get(node.function) or OPERATORS[node.function]
    result = function.result(arguments)
    if result is None:
        given = ", ".join(arguments) or "nothing"
        raise BadFormula(f"{node.function} takes {function.takes}, not {given}.")
    return result


def _value(node: _Node, values: Mapping[str, Any], types: Mapping[str, FieldType]) -> Any:
    """Return the value of a node. Raises Unknown where it is empty."""
    if isinstance(node, _Literal):
        return node.value
    if isinstance(node, _Name):
        stored = values.get(node.key)
        if stored is None:
            raise Unknown
        return typed(stored, _TYPES[types[node.key]])
    if node.function == "if":
        wanted, yes, no = node.arguments
        return _value(yes if _value(wanted, values, types) else no, values, types)
    if node.function in ("coalesce", "is_empty"):
        found = None
        for each in node.arguments:
            try:
                found = _value(each, values, types)
                break
            except Unknown:
                continue
        if node.function == "is_empty":
            return found is None or found == ""
        if found is None:
            raise Unknown
        return found
    function = FUNCTIONS.get(node.function) or OPERATORS[node.function]
    return function.run([_value(each, values, types) for each in node.arguments])
