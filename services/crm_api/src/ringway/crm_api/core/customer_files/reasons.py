"""Why a row did not become a customer, for people who read English or Chinese."""

from __future__ import annotations

from enum import StrEnum


class FileLanguage(StrEnum):
    """Of the reasons in an error file."""

    ENGLISH = "en"
    CHINESE = "zh"


# {} is the detail that came with the row.
_REASONS: dict[str, tuple[str, str]] = {
    "row_unreadable": ("{}", "此行无法读取：{}"),
    "row_too_long": ("The row has more cells than the header.", "此行的单元格多于表头。"),
    "cell_too_long": ("The cell is longer than {} characters.", "单元格超过 {} 个字符。"),
    "control_character": ("The cell holds a control character.", "单元格含有控制字符。"),
    "formula": (
        "The cell begins like a formula: a spreadsheet would run it.",
        "单元格以公式字符开头，电子表格会执行它。",
    ),
    "phone_without_country": (
        "The number has no country code: write +<country code>, or give the region.",
        "号码没有国家代码：请写成 +国家代码，或指定地区。",
    ),
    "phone_missing": ("There is no number.", "没有号码。"),
    "phone_damaged": (
        "A spreadsheet has shortened this number: format the column as text and save again.",
        "号码被电子表格截短：请将该列设为文本后重新保存。",
    ),
    "phone_not_a_number": ("This is not a phone number.", "不是电话号码。"),
    "phone_too_long": ("The number has too many digits for its country.", "号码位数过多。"),
    "phone_too_short": ("The number has too few digits for its country.", "号码位数不足。"),
    "phone_country_unknown": ("No country has this code.", "没有这个国家代码。"),
    "phone_invalid": ("Its country has not assigned this number.", "号码未被分配，属于空号段。"),
    "email_invalid": ("This is not an e-mail address.", "不是有效的邮箱地址。"),
    "sex_unknown": ("Write male, female or other.", "请填写 男、女 或 其他。"),
    "kind_unknown": ("Write person or company.", "请填写 个人 或 公司。"),
    "intent_unknown": ("Write interested or not_interested.", "请填写 意向 或 非意向。"),
    "lead_status_unknown": (
        "Write new, contacted, qualified, won or lost.",
        "请填写 新、已联系、有效、成交 或 流失。",
    ),
    "language_invalid": ("Write a language as zh-CN.", "语言请写成 zh-CN。"),
    "country_invalid": ("Write a country as CN.", "国家请写成 CN。"),
    "grade_unknown": ("The grades are: {}.", "等级只能是：{}。"),
    "date_invalid": ("Write a date as 2026-01-31.", "日期请写成 2026-01-31。"),
    "tag_invalid": ("{}", "标签无效：{}"),
    "own_invalid": ("{}", "字段值无效：{}"),
    "required_missing": ("{} must not be empty.", "{} 不能为空。"),
    "duplicate_in_file": ("The same customer is on line {} already.", "与第 {} 行重复。"),
    "duplicate": ("The customer exists already.", "客户已存在。"),
    "ambiguous": (
        "Several customers fit: merge them first, or match by something else.",
        "匹配到多个客户：请先合并，或更换匹配方式。",
    ),
    "not_yours": ("The customer exists and is not yours to change.", "客户已存在，您无权修改。"),
    "customer_full": ("{}", "客户的号码或标签已达上限：{}"),
}
CODES = frozenset(_REASONS)


def reason(code: str, detail: str, language: FileLanguage) -> str:
    """Return the sentence for a code; of an unknown code its detail."""
    found = _REASONS.get(code)
    if found is None:
        return detail or code
    return found[language is FileLanguage.CHINESE].replace("{}", detail)
