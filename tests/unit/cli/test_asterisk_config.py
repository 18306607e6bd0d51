from __future__ import annotations

import re
from pathlib import Path

import pytest

from ringway.cli.asterisk_config import UnknownWord, fill
from ringway.cli.asterisk_program import version_of

pytestmark = pytest.mark.unit

_TEMPLATES = sorted((Path(__file__).parents[3] / "asterisk").glob("*.conf"))


def test_words_are_filled_in_and_nothing_else_is_touched() -> None:
    template = "port = @PORT@\nexten => s,1,NoOp(${CALLERID(num)} a@b @lower@)\n"
    assert fill(template, {"PORT": "5060"}) == (
        "port = 5060\nexten => s,1,NoOp(${CALLERID(num)} a@b @lower@)\n"
    )


def test_a_word_without_a_value_is_refused_by_name() -> None:
    with pytest.raises(UnknownWord, match="SECRET"):
        fill("password = @SECRET@", {})


@pytest.mark.parametrize("template", _TEMPLATES, ids=lambda path: path.name)
def test_no_template_names_a_folder_of_some_machine(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"(?<![\w@])/(usr|var|etc|home|root|tmp)\b", text)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Asterisk 22.10.1+dfsg+~cs6.17.60671434-1", (22, 10)),
        ("1:22.7.0~dfsg-1ubuntu2", (22, 7)),
        ("20.6.0", (20, 6)),
        ("unknown", None),
        ("", None),
    ],
)
def test_versions_of_debian_and_of_the_program_are_read(
    text: str, version: tuple[int, int] | None
) -> None:
    assert version_of(text) == version
