"""What callers hear, in English and Chinese."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ringway.acd.core import speaking
from ringway.acd.core.speaking import Language

pytestmark = pytest.mark.unit

TEXTS = tomllib.loads((Path(__file__).parents[3] / "asterisk/prompts.toml").read_text("utf-8"))
TODAY = date(2026, 10, 21)


def heard(sounds: list[str]) -> str:
    """Return Chinese sounds as text; a key that has no prompt is an error."""
    return "".join(TEXTS[sound.removeprefix("ringway/zh/")]["zh"] for sound in sounds)


def words(sounds: list[str]) -> str:
    return " ".join(sound.removeprefix("digits/") for sound in sounds)


@pytest.mark.parametrize(
    ("n", "english", "chinese"),
    [
        (0, "0", "零"),
        (7, "7", "七"),
        (10, "10", "十"),
        (12, "12", "十二"),
        (20, "20", "二十"),
        (21, "20 1", "二十一"),
        (100, "1 hundred", "一百"),
        (101, "1 hundred 1", "一百零一"),
        (110, "1 hundred 10", "一百一十"),
        (115, "1 hundred 15", "一百一十五"),
        (1000, "1 thousand", "一千"),
        (1001, "1 thousand 1", "一千零一"),
        (1010, "1 thousand 10", "一千零一十"),
        (2345, "2 thousand 3 hundred 40 5", "二千三百四十五"),
        (10_000, "10 thousand", "一万"),
        (10_012, "10 thousand 12", "一万零一十二"),
        (100_000, "1 hundred thousand", "十万"),
        (1_002_000, "1 million 2 thousand", "一百万二千"),
        (100_000_001, "1 hundred million 1", "一亿零一"),
        (1_500_000_000, "1 billion 5 hundred million", "十五亿"),
    ],
)
def test_numbers_are_said_as_people_say_them(n: int, english: str, chinese: str) -> None:
    assert words(speaking.say_number(n, "en")) == english
    assert heard(speaking.say_number(n, "zh")) == chinese


def test_counting_says_both_for_two() -> None:
    assert heard(speaking.say_number(2, "zh", counting=True)) == "两"
    assert heard(speaking.say_number(12, "zh", counting=True)) == "十二"


@pytest.mark.parametrize("n", [-1, speaking.LARGEST_NUMBER + 1])
def test_what_is_no_such_number_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match="cannot be said"):
        speaking.say_number(n, "en")


def test_digits_are_said_one_by_one() -> None:
    assert words(speaking.say_digits("+40 21*#", "en")) == "4 0 2 1 star pound"
    assert heard(speaking.say_digits("110", "zh")) == "幺幺零"
    assert heard(speaking.say_digits("1", "zh")) == "一"
    assert heard(speaking.say_digits("*#", "zh")) == "星号键井号键"


def test_the_place_in_line_is_announced() -> None:
    say = speaking.position_announcement
    assert say(1, None, "en") == ["queue-youarenext"]
    assert words(say(3, 12, "en")) == (
        "queue-thereare 3 queue-callswaiting queue-holdtime 12 queue-minutes"
    )
    assert words(say(2, 0, "en")).endswith("queue-holdtime queue-less-than 1 queue-minute")
    assert words(say(2, 1, "en")).endswith("queue-holdtime 1 queue-minute")
    assert heard(say(1, 0, "zh")) == "您是下一位，我们将尽快为您服务。预计等待不到一分钟。"
    assert heard(say(12, 2, "zh")) == "您当前排在第十二位。预计等待大约两分钟。"
    assert say(5000, None, "en") == say(999, None, "en")
    for place, minutes in ((0, 1), (1, -1)):
        with pytest.raises(ValueError, match="cannot be"):
            say(place, minutes, "en")


def test_the_agents_number_is_announced() -> None:
    assert heard(speaking.agent_number_announcement("8001", "zh")) == "工号八零零幺为您服务。"
    assert speaking.agent_number_announcement("80", "en") == [
        "ringway/en/agent-number",
        "digits/8",
        "digits/0",
        "ringway/en/at-your-service",
    ]


def test_offers_name_their_keys() -> None:
    assert heard(speaking.callback_offer("1", "zh")) == "如需我们按排队顺序给您回电，请按一"
    assert heard(speaking.callback_confirmation("13800138000", "zh")) == (
        "我们将拨打幺三八零零幺三八零零零确认请按一，更换号码请按二。"
    )
    assert heard(speaking.last_agent_offer("8001", "zh")).startswith(
        "上次为您服务的坐席现在空闲，工号八零零幺请该坐席"
    )
    assert heard(speaking.waiting_announcement("zh")) == "坐席全忙，请稍候。"
    assert heard(speaking.parked_announcement(701, "zh")) == "通话已驻留在七零幺"


@pytest.mark.parametrize(
    ("moment", "english", "chinese"),
    [
        (datetime(2026, 10, 21, 0, 0, tzinfo=UTC), "today at 12 oclock a-m", "今天零点"),
        (datetime(2026, 10, 20, 14, 5, tzinfo=UTC), "yesterday at 2 oh 5 p-m", "昨天十四点零五分"),
        (
            datetime(2026, 10, 18, 2, 30, tzinfo=UTC),
            "day-0 mon-9 h-18 at 2 30 a-m",
            "十月十八日两点三十分",
        ),
        (
            datetime(2026, 1, 31, 12, 41, tzinfo=UTC),
            "day-6 mon-0 30 h-1 at 12 40 1 p-m",
            "一月三十一日十二点四十一分",
        ),
    ],
)
def test_times_are_said(moment: datetime, english: str, chinese: str) -> None:
    assert words(speaking.say_time(moment, TODAY, "en")) == english
    assert heard(speaking.say_time(moment, TODAY, "zh")) == chinese


def test_messages_are_announced() -> None:
    moment = datetime(2026, 10, 21, 9, 30, tzinfo=UTC)
    assert heard(speaking.message_count(0, "zh")) == "您没有留言。"
    assert heard(speaking.message_count(2, "zh")) == "您有两条留言。"
    assert speaking.message_count(1, "en")[-1] == "ringway/en/message"
    assert heard(speaking.message_envelope("", moment, TODAY, "zh")) == (
        "来电号码未知。留言时间今天九点三十分"
    )
    assert heard(speaking.message_envelope("+8621", moment, TODAY, "zh")).startswith(
        "来电号码八六二幺"
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_prompt_has_its_texts(language: Language) -> None:
    for key, texts in TEXTS.items():
        assert texts["en"]
        assert ("english" in texts) != ("without" in texts), key
        syllables = sum(sign in "12345" for sign in texts["pinyin"])
        assert syllables == sum("一" <= sign <= "鿿" for sign in texts["zh"]), key
        assert speaking.prompt(key, language) == f"ringway/{language}/{key}"
