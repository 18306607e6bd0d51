"""Starting templates of an enterprise: what agents say of calls, and how careful it dials.

They are beginnings that the enterprise changes as it likes. The laws' figures are what careful
callers keep to in a country; they are no legal advice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ringway.proto.dialer_callback import DEFAULTS, Disposition, DispositionAction, Grade
from ringway.proto.dialer_spec import Caps, DayName, DialWindow, Schedule

_A = DispositionAction
_DAY_S = 86_400.0
_WORKDAYS: tuple[DayName, ...] = ("mon", "tue", "wed", "thu", "fri")


class Language(StrEnum):
    """The language of an enterprise's people."""

    EN = "en"
    ZH = "zh"


class DispositionTemplate(StrEnum):
    """What agents may say of a call. Every entry has an English and a Chinese name."""

    TELESALES = "telesales"
    SURVEY = "survey"
    SHIPPED = "shipped"  # the eight entries that every enterprise has


class LawTemplate(StrEnum):
    """How careful campaigns dial unless they say otherwise."""

    CAREFUL = "careful"  # within the rules of most countries
    CN = "cn"
    GB = "gb"
    US = "us"
    NONE = "none"  # as the platform ships: at any hour, no caps


@dataclass(frozen=True, slots=True)
class Law:
    """Values of campaigns; those of ``CampaignSpec`` that are not named stay as shipped."""

    zone: str = "UTC"
    windows: tuple[DialWindow, ...] = ()
    caps: Caps = field(default_factory=Caps)
    max_attempts: int = 3

    def schedule(self, zone: str | None) -> Schedule:
        """Return the hours; ``zone`` counts where the party's own is not known."""
        return Schedule(zone=zone or self.zone, windows=self.windows)


_TELESALES: Mapping[str, Disposition] = {
    "wants_information": Disposition(
        name_en="Wants information", name_zh="要求发资料", action=_A.RETRY, retry_s=2 * _DAY_S,
        grade=Grade.B, position=25,
    ),
    "decides_later": Disposition(
        name_en="Will decide later", name_zh="再考虑", action=_A.RETRY, retry_s=3 * _DAY_S,
        grade=Grade.C, position=35,
    ),
    "too_expensive": Disposition(
        name_en="Too expensive", name_zh="价格太高", action=_A.CLOSE, grade=Grade.C, position=61,
    ),
    "has_one": Disposition(
        name_en="Has one already", name_zh="已有同类产品", action=_A.CLOSE,
        grade=Grade.NOT_INTERESTED, position=62,
    ),
    "not_in_charge": Disposition(
        name_en="Does not decide", name_zh="不是决策人", action=_A.CLOSE, position=63,
    ),
    "no_common_language": Disposition(
        name_en="No common language", name_zh="语言不通", action=_A.CLOSE, position=64,
    ),
}  # fmt: skip

_SURVEY: Mapping[str, Disposition] = {
    "completed": Disposition(
        name_en="Completed", name_zh="完成调查", action=_A.CLOSE, counts_as_success=True,
        position=10,
    ),
    "partly": Disposition(
        name_en="Broken off", name_zh="中途中断", action=_A.RETRY, retry_s=_DAY_S, position=20,
    ),
    "refused": Disposition(
        name_en="Declined", name_zh="拒绝受访", action=_A.CLOSE, position=60,
    ),
    "not_concerned": Disposition(
        name_en="Not of the target group", name_zh="不属于调查对象", action=_A.CLOSE, position=65,
    ),
    **{
        code: DEFAULTS[code].model_copy(update={"is_active": False})
        for code in ("sale", "interested", "not_interested")
    },
}  # fmt: skip

_DISPOSITIONS: Mapping[DispositionTemplate, Mapping[str, Disposition]] = {
    DispositionTemplate.TELESALES: _TELESALES,
    DispositionTemplate.SURVEY: _SURVEY,
    DispositionTemplate.SHIPPED: {},
}

_LAWS: Mapping[LawTemplate, Law] = {
    LawTemplate.CAREFUL: Law(
        windows=(DialWindow(days=(*_WORKDAYS, "sat"), begins="09:00", ends="20:00"),),
        caps=Caps(number_per_day=1, number_per_week=3, lead_per_day=1),
    ),
    LawTemplate.CN: Law(
        zone="Asia/Shanghai",
        windows=(DialWindow(begins="09:00", ends="20:00"),),
        caps=Caps(number_per_day=2, number_per_week=5, min_interval_s=4 * 3600),
    ),
    LawTemplate.GB: Law(
        zone="Europe/London",
        windows=(
            DialWindow(days=_WORKDAYS, begins="08:00", ends="20:00"),
            DialWindow(days=("sat",), begins="09:00", ends="17:00"),
        ),
        caps=Caps(number_per_day=2, number_per_week=5, min_interval_s=4 * 3600),
    ),
    LawTemplate.US: Law(
        zone="America/New_York",
        windows=(DialWindow(begins="08:00", ends="20:00"),),
        caps=Caps(number_per_day=3, number_per_week=7, min_interval_s=2 * 3600),
        max_attempts=5,
    ),
}

FIRST_PROJECT: Mapping[Language, str] = {Language.EN: "First project", Language.ZH: "首个项目"}


def dispositions(template: DispositionTemplate) -> Mapping[str, Disposition]:
    """Return the entries that differ from what every enterprise has, by code."""
    return _DISPOSITIONS[template]


def law(template: LawTemplate) -> Law | None:
    """Return what campaigns have unless they say otherwise; None: as the platform ships."""
    return _LAWS.get(template)
