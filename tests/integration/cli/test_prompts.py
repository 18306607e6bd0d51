"""Prompts are spoken, or joined from recordings where no voice is; Asterisk plays them."""

from __future__ import annotations

import os
import tomllib
import wave
from pathlib import Path

import pytest
from tests.support.asterisk import real_asterisk
from tests.support.waiting import eventually

from ringway.cli import asterisk_program, prompts
from ringway.cli.places import checkout

pytestmark = pytest.mark.integration

TEXTS = tomllib.loads((checkout() / "asterisk/prompts.toml").read_text("utf-8"))


@pytest.fixture
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's cache with nothing in it, and a PATH without apt and voice."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tools = tmp_path / "bin"
    tools.mkdir()
    monkeypatch.setenv("PATH", str(tools))
    (tmp_path / "cache" / "ringway").mkdir(parents=True)
    return tools


def seconds_of(file: Path) -> float:
    with wave.open(str(file), "rb") as wav:
        assert (wav.getframerate(), wav.getsampwidth(), wav.getnchannels()) == (8000, 2, 1)
        return wav.getnframes() / 8000


@pytest.fixture(scope="module")
def data_dir() -> Path:
    return asterisk_program.find_or_fetch().data_dir


def test_without_a_voice_recordings_stand_in(
    data_dir: Path, empty_machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = prompts.find_or_make(data_dir)
    assert folder is not None
    assert "There is no voice" in capsys.readouterr().err
    for language in prompts.LANGUAGES:
        for key in TEXTS:
            assert seconds_of(folder / language / f"{key}.wav") > 0.1, key
    assert prompts.find_or_make(data_dir) == folder
    assert capsys.readouterr().err == ""  # asked for again a day later, not at every start


def test_a_voice_is_looked_for_again_a_day_later(
    data_dir: Path, empty_machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "asterisk").mkdir()
    (tmp_path / "asterisk" / "prompts.toml").write_text(_TWO_PROMPTS)
    monkeypatch.setenv("RINGWAY_ROOT", str(tmp_path))
    stand_in = prompts.find_or_make(data_dir)
    assert stand_in is not None
    speaker = empty_machine / "espeak-ng"
    speaker.write_text(_SPEAKER)
    speaker.chmod(0o755)
    assert prompts.find_or_make(data_dir) == stand_in

    os.utime(stand_in, (0, 0))
    spoken = prompts.find_or_make(data_dir)
    assert spoken is not None
    assert spoken != stand_in
    assert seconds_of(spoken / "zh" / "closed.wav") == pytest.approx(0.6, abs=0.1)
    recorded = seconds_of(stand_in / "en" / "goodbye.wav")
    assert seconds_of(spoken / "en" / "goodbye.wav") == recorded


_TWO_PROMPTS = """
[closed]
en = "Closed."
zh = "关"
pinyin = "guan1"
without = ["im-sorry"]
[goodbye]
en = "Goodbye."
zh = "再见"
pinyin = "zai4 jian4"
english = ["goodbye"]
"""
# Speaks as espeak-ng does, but only one note: what is tested is what is made of it.
_SPEAKER = f"""#!{os.path.realpath("/proc/self/exe")}
import array, math, sys, wave
out = wave.open(sys.argv[sys.argv.index("-w") + 1], "wb")
out.setparams((1, 2, 22050, 0, "NONE", ""))
notes = (int(9000 * math.sin(n / 10)) for n in range(22050 * 6 // 10))
out.writeframes(array.array("h", notes).tobytes())
out.close()
"""


def test_a_folder_that_cannot_be_written_stops_nothing(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/no-such-folder")
    assert prompts.find_or_make(data_dir) is None
    assert "callers do not hear them" in capsys.readouterr().err


async def test_asterisk_plays_the_prompts(tmp_path: Path) -> None:
    async with real_asterisk(tmp_path) as asterisk:
        sounds = asterisk.folder / "share" / "sounds"
        for key in TEXTS:
            for language in prompts.LANGUAGES:
                assert (sounds / "ringway" / language / f"{key}.wav").is_file(), key
        (asterisk.folder / "etc" / "extensions_local.conf").write_text(
            "[prompts]\nexten => s,1,Answer()\n same => n,Playback(ringway/zh/one)\n"
            " same => n,Log(NOTICE,heard ${PLAYBACKSTATUS})\n"
            " same => n,Playback(ringway/zh/no-such-prompt)\n"
            " same => n,Log(NOTICE,then ${PLAYBACKSTATUS})\n same => n,Hangup()\n"
            "[listens]\nexten => s,1,Wait(20)\n"
        )
        await asterisk.command("dialplan reload")
        wanted = {
            "endpoint": "Local/s@prompts", "context": "listens", "extension": "s", "priority": "1",
        }  # fmt: skip
        async with (
            asterisk.http() as session,
            session.post(f"{asterisk.ari_url}/ari/channels", params=wanted) as answer,
        ):
            assert answer.status == 200, await answer.text()
        await eventually(
            lambda: "then " in asterisk.log, within_s=20, what=lambda: asterisk.log[-2000:]
        )
        assert "heard SUCCESS" in asterisk.log
        assert "then FAILED" in asterisk.log
