"""Which column of a file is what of a customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ringway.crm_api.core.cells import ListRefused

MAX_COLUMNS = 100
MAX_PHONES = 10
MAX_OWN_KEY = 100  # characters
IGNORE = "-"
PHONE = "phone"
TAGS = "tags"
OWN = "data."

# The fields that every customer has and a cell can hold: longest texts, in characters.
FIXED: dict[str, int] = {
    "name": 200,
    "title": 50,
    "kind": 10,
    "sex": 10,
    "birth_date": 20,
    "email": 254,
    "street": 200,
    "city": 200,
    "region": 200,
    "postal_code": 20,
    "country": 2,
    "language": 20,
    "grade": 20,
    "intent": 20,
    "lead_status": 20,
}
_USUAL: dict[str, tuple[str, ...]] = {
    PHONE: (
        *("phone", "phone_e164", "number", "phone_number", "phonenumber", "mobile", "telephone"),
        *("mobile_number", "tel", "cell", "msisdn", "电话", "电话号码", "手机", "手机号"),
        *("手机号码", "号码", "联系电话", "客户电话"),
    ),
    "name": (
        *("name", "full_name", "customer", "customer_name", "姓名", "名称", "客户", "客户姓名"),
        *("客户名称", "联系人"),
    ),
    "title": ("title", "salutation", "称谓", "称呼"),
    "sex": ("sex", "gender", "性别"),
    "birth_date": ("birth_date", "birthday", "date_of_birth", "生日", "出生日期"),
    "email": ("email", "e_mail", "mail", "email_address", "邮箱", "电子邮件", "电子邮箱"),
    "street": ("street", "address", "street_address", "地址", "联系地址", "住址", "街道"),
    "city": ("city", "town", "城市", "市"),
    "region": ("region", "province", "state", "county", "省", "省份"),
    "postal_code": ("postal_code", "zip", "zip_code", "postcode", "邮编", "邮政编码"),
    "country": ("country", "country_code", "国家"),
    "language": ("language", "语言"),
    "grade": ("grade", "等级", "级别"),
    "intent": ("intent", "意向"),
    "lead_status": ("lead_status", "status", "状态", "线索状态"),
    TAGS: ("tags", "tag", "labels", "标签"),
}
_MORE_PHONES = ("phone", "mobile", "tel", "telephone", "电话", "手机", "联系电话")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in a row what is.

    ``fixed`` and ``own`` hold (index, field); ``phones`` indexes, the main number's first.
    """

    names: tuple[str, ...]
    phones: tuple[int, ...]
    fixed: tuple[tuple[int, str], ...]
    own: tuple[tuple[int, str], ...]
    tags: int | None

    @classmethod
    def of(
        cls,
        header: Sequence[str],
        mapping: Mapping[str, str],
        own_fields: Mapping[str, str] | None,
    ) -> Columns:
        """Read the columns from the header of a file.

        Args:
            mapping: Header to target: ``phone`` (several times), a name of ``FIXED``, ``tags``,
                ``data.<key>`` or ``-``. Empty: targets are found by usual names in English and
                Chinese, and by the keys and names of own fields; what is not known is left out.
            own_fields: Keys and names of own fields that the importer may write, to their keys.
                None: the enterprise has not defined any, and keeps texts under any key.

        Raises:
            ListRefused: The header or the mapping makes no sense.
        """
        names = [cell.strip() for cell in header]
        if len(names) > MAX_COLUMNS:
            raise ListRefused("file_too_many_columns", f"A file has at most {MAX_COLUMNS} columns.")
        targets = _mapped(names, mapping) if mapping else _found(names, own_fields)
        found = cls._made(names, targets, own_fields)
        if not found.phones:
            raise ListRefused(
                "phone_column_missing",
                "No column is known as the phone number. Name it in mapping, such as "
                '{"Tel": "phone", "Who": "name"}. The columns are: ' + ", ".join(names)[:300],
            )
        return found

    @classmethod
    def _made(
        cls, names: list[str], targets: Mapping[int, str], own_fields: Mapping[str, str] | None
    ) -> Columns:
        phones: list[int] = []
        fixed: list[tuple[int, str]] = []
        own: list[tuple[int, str]] = []
        tags: int | None = None
        taken: set[str] = set()
        for index, target in sorted(targets.items()):
            if target == IGNORE:
                continue
            if target == PHONE:
                phones.append(index)
                continue
            if target in taken:
                raise ListRefused("mapping_twice", f"Two columns are mapped to {target}.")
            taken.add(target)
            key = target.removeprefix(OWN)
            if target == TAGS:
                tags = index
            elif target in FIXED:
                fixed.append((index, target))
            elif key != target and (own_fields is None or key in own_fields.values()):
                own.append((index, key))
            else:
                raise ListRefused(
                    "mapping_target_unknown",
                    f"{target[:60]!r} is no field of customers that you may write.",
                )
        if len(phones) > MAX_PHONES:
            raise ListRefused("too_many_phones", f"A customer has at most {MAX_PHONES} numbers.")
        shown = tuple(text or f"column_{index + 1}" for index, text in enumerate(names))
        return cls(shown, tuple(phones), tuple(fixed), tuple(own), tags)


def normal(name: str) -> str:
    """Return a header as it is compared."""
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


def _mapped(names: list[str], mapping: Mapping[str, str]) -> dict[int, str]:
    known: dict[str, int] = {}
    for index, name in enumerate(names):
        known.setdefault(normal(name), index)
    targets: dict[int, str] = {}
    for header, target in mapping.items():
        found = known.get(normal(header))
        if found is None:
            raise ListRefused(
                "mapped_column_missing", f"The file has no column {header[:60]!r} for {target}."
            )
        targets[found] = target
    return targets


def _found(names: list[str], own_fields: Mapping[str, str] | None) -> dict[int, str]:
    usual = {name: target for target, each in _USUAL.items() for name in each}
    own = {normal(name): f"{OWN}{key}" for name, key in (own_fields or {}).items()}
    targets: dict[int, str] = {}
    taken: set[str] = set()
    phones = 0
    for index, name in enumerate(names):
        plain = normal(name)
        target = own.get(plain) or usual.get(plain) or _further_phone(plain)
        if target is None and own_fields is None and name:
            target = f"{OWN}{name[:MAX_OWN_KEY]}"
        phones += target == PHONE
        is_twice = target in taken if target != PHONE else phones > MAX_PHONES
        if target is None or is_twice:
            continue
        taken.add(target)
        targets[index] = target
    return targets


def _further_phone(plain: str) -> str | None:
    stem = plain[:-1].removesuffix("_")
    return PHONE if plain[-1:] in tuple("23456789") and stem in _MORE_PHONES else None
