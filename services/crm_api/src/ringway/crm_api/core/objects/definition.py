"""What an object of an enterprise's own is made of: fields, groups, layout, who may do what.

A definition is data. pydantic checks its parts against each other; :mod:`soundness` checks its
defaults and formulas as well, and :mod:`values` what people write against it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import ConfigDict, StringConstraints, model_validator
from pydantic import Field as About

from ringway.crm_api.core.objects.patterns import check_pattern
from ringway.proto.exact import Exact

MAX_FIELDS = 200
MAX_GROUPS = 40
# Indexed fields of one object: as many as its rows have key columns.
MAX_INDEXED_TEXTS = 12
MAX_INDEXED_NUMBERS = 8
MAX_UNIQUE = 3
MAX_LISTS = 4
MAX_OPTIONS = 500
MAX_TEXT = 10_000  # characters of one text value
MAX_NUMBER = 10**15  # exclusive; so that every number is exact as a double
MAX_DECIMALS = 6


class Kind(StrEnum):
    """What an object is for."""

    CUSTOMER = "customer"  # own fields of customers; an enterprise has one such object
    WORK_ORDER = "work_order"  # own fields of work orders
    QC = "qc"  # what quality inspectors write about records
    BASE = "base"  # look-up tables
    LEDGER = "ledger"  # hand-over, notices and other books of operation
    OPERATION_LOG = "operation_log"


# Values of these lie in the rows of customers and work orders; all others have records.
KINDS_ELSEWHERE = frozenset({Kind.CUSTOMER, Kind.WORK_ORDER})


class FieldType(StrEnum):
    """What a field holds, and how its value is written in JSON."""

    TEXT = "text"  # a string
    NUMBER = "number"  # a number with at most ``decimals`` places
    MONEY = "money"  # an integer of minor units of the field's ``currency``
    DATE = "date"  # "2026-01-31"
    DATETIME = "datetime"  # RFC 3339; kept in UTC with milliseconds
    BOOLEAN = "boolean"
    ENUM = "enum"  # the key of one option
    MULTI_SELECT = "multi_select"  # a list of keys of options
    PHONE = "phone"  # E.164
    EMAIL = "email"
    REFERENCE = "reference"  # the id of a customer, a user, a work order or a record
    ATTACHMENT = "attachment"  # a list of ids of files of the record
    FORMULA = "formula"  # computed when the record is saved; nobody writes it


class ReferenceTarget(StrEnum):
    """What a reference points to."""

    CUSTOMER = "customer"
    USER = "user"
    WORK_ORDER = "work_order"
    OBJECT = "object"


class SavePolicy(StrEnum):
    """What a second Save of one form does (R21)."""

    ONCE = "once"  # it is refused: the record stays as it was saved
    REPEATED = "repeated"  # it updates the record; it never makes another


# What a formula may come to.
RESULTS = frozenset(
    {FieldType.TEXT, FieldType.NUMBER, FieldType.MONEY, FieldType.DATE, FieldType.BOOLEAN}
)
NUMBERS = frozenset({FieldType.NUMBER, FieldType.MONEY})
TEXTS = frozenset({FieldType.TEXT, FieldType.PHONE, FieldType.EMAIL})
OF_OPTIONS = frozenset({FieldType.ENUM, FieldType.MULTI_SELECT})
LISTS = frozenset({FieldType.MULTI_SELECT, FieldType.ATTACHMENT})


Plain = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$")
]
KEY_PATTERN = r"^[a-z][a-z0-9_]{0,39}$"
Key = Annotated[str, About(pattern=KEY_PATTERN, examples=["card_number"])]
Label = Annotated[Plain, About(min_length=1, max_length=100)]
# Names of shipped roles and ids of the enterprise's own.
RoleKey = Annotated[str, About(pattern=r"^[a-z0-9_-]{1,40}$", examples=["agent"])]
Roles = Annotated[list[RoleKey], About(max_length=100)]


class Part(Exact):
    """A part of a definition: an unknown member is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Option(Part):
    """One thing that can be chosen. One that is retired stays in old records."""

    key: Annotated[str, About(pattern=r"^[a-z0-9][a-z0-9_]{0,39}$", examples=["gold"])]
    name_en: Label = About(examples=["Gold"])
    name_zh: Plain = About(default="", max_length=100, examples=["金卡"])
    is_retired: bool = False


class Field(Part):
    """One field. Members that its type does not know must be left out."""

    key: Key
    type: FieldType
    name_en: Label = About(examples=["Card number"])
    name_zh: Plain = About(default="", max_length=100, examples=["卡号"])
    help: Plain = About(default="", max_length=500, description="Shown beside the field.")
    required: bool = False
    default: Any = About(default=None, description="What a new record has unless told otherwise.")
    group: Key | None = About(default=None, description="The group that shows it.")
    order: int = About(default=0, ge=0, le=10_000, description="Within its group.")
    in_pop: bool = About(default=True, description="Whether agents see it when a call arrives.")
    is_indexed: bool = About(default=False, description="Lists can be filtered and sorted by it.")
    is_unique: bool = About(default=False, description="No two records have one value.")
    read_roles: Roles | None = About(
        default=None, description="Who sees it. Left out: whoever sees the record."
    )
    write_roles: Roles | None = About(
        default=None, description="Who changes it, if he sees it. Left out: whoever may change."
    )
    min: float | Plain | None = About(
        default=None, description="Least number or minor units, or earliest date (a string)."
    )
    max: float | Plain | None = About(default=None, description="Most, or latest.")
    min_length: int | None = About(default=None, ge=0, le=MAX_TEXT)
    max_length: int | None = About(default=None, ge=1, le=MAX_TEXT)
    pattern: str | None = About(
        default=None,
        max_length=200,
        description="What the whole text must fit; no look-around, no back-references.",
        examples=["[0-9]{8}"],
    )
    decimals: int | None = About(default=None, ge=0, le=MAX_DECIMALS)
    currency: str | None = About(default=None, pattern="^[A-Z]{3}$", examples=["CNY"])
    options: list[Option] | None = About(default=None, max_length=MAX_OPTIONS)
    reference: ReferenceTarget | None = None
    reference_object_id: UUID | None = None
    expression: str | None = About(
        default=None, max_length=1_000, description="Of a formula.", examples=["price * amount"]
    )
    result: FieldType | None = About(default=None, description="What a formula comes to.")

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        for name, types in _ONLY_OF.items():
            if getattr(self, name) is not None and self.type not in types:
                raise ValueError(f"{self.key}: a {self.type} has no {name}")
        for name, kinds in _NEEDED_BY.items():
            if self.type in kinds and not getattr(self, name):
                raise ValueError(f"{self.key}: a {self.type} needs {name}")
        if self.pattern is not None:
            check_pattern(self.pattern)
        if self.options is not None:
            _all_differ(f"{self.key}: options", [each.key for each in self.options])
        if (self.reference is ReferenceTarget.OBJECT) != (self.reference_object_id is not None):
            raise ValueError(f"{self.key}: reference_object_id is given for references to objects")
        if self.result is not None and self.result not in RESULTS:
            raise ValueError(f"{self.key}: a formula cannot come to {self.result}")
        if self.type is FieldType.FORMULA and (
            self.required or self.write_roles or self.default is not None
        ):
            raise ValueError(f"{self.key}: nobody writes a formula")
        if self.type in LISTS and (self.is_indexed or self.is_unique):
            raise ValueError(f"{self.key}: a {self.type} cannot be indexed")
        if self.max_length is not None and (self.min_length or 0) > self.max_length:
            raise ValueError(f"{self.key}: min_length is more than max_length")
        return self

    @property
    def value_type(self) -> FieldType:
        """What its values are; of a formula, what it comes to."""
        return self.result or self.type

    @property
    def has_index(self) -> bool:
        """Whether lists can be filtered and sorted by it."""
        return self.is_indexed or self.is_unique

    @property
    def is_number(self) -> bool:
        """Whether it is compared as a number: numbers, money, and booleans as 0 and 1."""
        return self.value_type in NUMBERS or self.value_type is FieldType.BOOLEAN

    def readable_by(self, role: str) -> bool:
        """Return whether people of ``role`` see the field, when they see the record."""
        return self.read_roles is None or role in self.read_roles

    def writable_by(self, role: str) -> bool:
        """Return whether people of ``role`` write the field, when they may write the record."""
        if self.type is FieldType.FORMULA or not self.readable_by(role):
            return False
        return self.write_roles is None or role in self.write_roles


class Group(Part):
    """Fields that stand together under a title, on a tab."""

    key: Key = About(examples=["contract"])
    title_en: Label = About(examples=["Contract"])
    title_zh: Plain = About(default="", max_length=100, examples=["合同"])
    tab: int = About(default=0, ge=0, le=20, description="Index of the tab that shows it.")
    columns: int | None = About(default=None, ge=1, le=6, description="Left out: as the page has.")


class Tab(Part):
    """One tab of a page."""

    title_en: Label = About(examples=["General"])
    title_zh: Plain = About(default="", max_length=100, examples=["基本"])


class QuickList(Part):
    """A list that is quick on every page: those with one value of a field, in another's order."""

    filter: Key = About(examples=["level"], description="An indexed field.")
    sort: Key = About(examples=["limit"], description="Another one.")


class Rights(Part):
    """Which roles create, see, change and delete; null is everybody who may at all."""

    create: Roles | None = None
    read: Roles | None = None
    change: Roles | None = None
    delete: Roles | None = None

    def allows(self, act: str, role: str) -> bool:
        """Return whether ``role`` may ``act``: one of the names above. Who acts must also see."""
        if act != "read" and not self.allows("read", role):
            return False
        roles: list[str] | None = getattr(self, act)
        return roles is None or role in roles


class Definition(Part):
    """An object as its administrator defines it. Everything but its id and its version."""

    kind: Kind
    name: Label = About(examples=["VIP cards"])
    alias: Plain = About(default="", max_length=100, description="What pages call it (别名).")
    columns: int = About(default=2, ge=1, le=6, description="Columns of fields on a page.")
    tabs: list[Tab] = About(default_factory=list, max_length=20, description="None: one page.")
    groups: list[Group] = About(default_factory=list, max_length=MAX_GROUPS)
    fields: list[Field] = About(max_length=MAX_FIELDS)
    lists: list[QuickList] = About(
        default_factory=list,
        max_length=MAX_LISTS,
        description="What people page through far. Others are right as well, and slower.",
    )
    rights: Rights = About(default_factory=Rights)
    save: SavePolicy = SavePolicy.REPEATED

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        _all_differ("fields", [each.key for each in self.fields])
        _all_differ("groups", [each.key for each in self.groups])
        groups = {each.key for each in self.groups}
        for each in self.fields:
            if each.group is not None and each.group not in groups:
                raise ValueError(f"{each.key}: there is no group {each.group}")
            if each.is_unique and self.kind in KINDS_ELSEWHERE:
                raise ValueError(f"{each.key}: fields of {self.kind} objects cannot be unique")
        for group in self.groups:
            if group.tab >= max(1, len(self.tabs)):
                raise ValueError(f"group {group.key}: there is no tab {group.tab}")
        indexed = [each for each in self.fields if each.has_index]
        numbers = [each for each in indexed if each.is_number]
        if len(numbers) > MAX_INDEXED_NUMBERS:
            raise ValueError(f"at most {MAX_INDEXED_NUMBERS} indexed numbers, money and booleans")
        if len(indexed) - len(numbers) > MAX_INDEXED_TEXTS:
            raise ValueError(f"at most {MAX_INDEXED_TEXTS} indexed fields that are no numbers")
        if sum(each.is_unique for each in self.fields) > MAX_UNIQUE:
            raise ValueError(f"at most {MAX_UNIQUE} unique fields")
        _check_lists(self.lists, {each.key for each in indexed})
        return self

    @property
    def by_key(self) -> dict[str, Field]:
        """Fields by their keys."""
        return {each.key: each for each in self.fields}

    def readable(self, role: str) -> list[Field]:
        """Return the fields that people of ``role`` see."""
        return [each for each in self.fields if each.readable_by(role)]

    def shown(self, values: dict[str, Any], role: str) -> dict[str, Any]:
        """Return of stored ``values`` those that ``role`` sees; of removed fields nobody does."""
        return {f.key: values[f.key] for f in self.readable(role) if f.key in values}


_T = FieldType
_ONLY_OF: dict[str, frozenset[FieldType]] = {
    "min": NUMBERS | {_T.DATE, _T.DATETIME},
    "max": NUMBERS | {_T.DATE, _T.DATETIME},
    "min_length": TEXTS | {_T.MULTI_SELECT},
    "max_length": TEXTS | LISTS,
    "pattern": frozenset({_T.TEXT}),
    "decimals": frozenset({_T.NUMBER, _T.FORMULA}),
    "currency": frozenset({_T.MONEY, _T.FORMULA}),
    "options": OF_OPTIONS,
    "reference": frozenset({_T.REFERENCE}),
    "reference_object_id": frozenset({_T.REFERENCE}),
    "expression": frozenset({_T.FORMULA}),
    "result": frozenset({_T.FORMULA}),
}
_NEEDED_BY: dict[str, frozenset[FieldType]] = {
    "currency": frozenset({_T.MONEY}),
    "options": OF_OPTIONS,
    "reference": frozenset({_T.REFERENCE}),
    "result": frozenset({_T.FORMULA}),
}


def _check_lists(lists: list[QuickList], indexed: set[str]) -> None:
    _all_differ("lists", [f"{each.filter} by {each.sort}" for each in lists])
    for each in lists:
        if each.filter == each.sort:
            raise ValueError(f"lists: {each.sort} needs no list to be filtered and sorted by it")
        if unknown := {each.filter, each.sort} - indexed:
            raise ValueError(f"lists: {min(unknown)} is no field with is_indexed")


def _all_differ(what: str, keys: list[str]) -> None:
    twice = sorted({each for each in keys if keys.count(each) > 1})
    if twice:
        raise ValueError(f"{what}: these keys are there twice: {', '.join(twice)}")
