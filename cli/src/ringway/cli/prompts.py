"""Ringway's own spoken prompts, made once per machine from ``asterisk/prompts.toml``.

Where recordings that come with Asterisk say the same, the English file is joined from them. All
else is spoken by espeak-ng: the machine's own, or one from the machine's archive. What was spoken
once is kept, so that a new prompt costs only itself. Where no voice can be had the recordings
that come nearest stand in, and a voice is looked for again a day later: the platform starts
either way.

Only the standard library is imported, because an Asterisk image holds nothing else.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
import time
import tomllib
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ringway.cli.pcm import RATE_HZ, levelled, resampled, samples_of, trimmed, write_wav
from ringway.cli.places import cache_dir, checkout
from ringway.cli.private_apt import PrivateApt, archives, loader_of, only_one, unpack
from ringway.cli.say import Trouble, say, step

LANGUAGES = ("en", "zh")
# Debian names the folder of the English recordings after its speaker.
_ENGLISH = ("en", "en_US_f_Allison", "en_US")
_VOICES = {"en": ("en-us", "150"), "zh": ("cmn-latn-pinyin", "160")}  # and words a minute
_TRY_AGAIN_S = 24 * 3600.0
_MOST_FETCHED = 5  # suites of archives
# Changes when files are made in another way, so that they are made anew.
_FORM = b"2"

Texts = Mapping[str, Mapping[str, str | list[str]]]


@dataclass(frozen=True, slots=True)
class Voice:
    """An espeak-ng that can be run."""

    argv: tuple[str, ...]

    def speak(self, text: str, language: str) -> list[int]:
        """Return the text as samples of 8000 Hz.

        Raises:
            Trouble: It could not be spoken.
        """
        name, speed = _VOICES[language]
        with tempfile.TemporaryDirectory(prefix="ringway-voice-") as scratch:
            out = Path(scratch) / "spoken.wav"
            done = subprocess.run(
                (*self.argv, "-b", "1", "-v", name, "-s", speed, "-z", "-w", str(out), text),
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                raise Trouble(f"espeak-ng cannot speak {name}: {done.stderr.strip()[-200:]}")
            try:
                with wave.open(str(out), "rb") as file:
                    spoken = samples_of(file.readframes(file.getnframes()))
                    return levelled(trimmed(resampled(spoken, file.getframerate())))
            except (OSError, EOFError, wave.Error) as error:
                raise Trouble(f"espeak-ng wrote no sound: {error}") from error


def english_recordings(data_dir: Path) -> Path | None:
    """Return the folder of the English recordings of an Asterisk, or ``None``."""
    folders = (data_dir / "sounds" / name for name in _ENGLISH)
    return next((folder for folder in folders if folder.is_dir()), None)


def find_or_make(data_dir: Path) -> Path | None:
    """Return a folder with ``en/KEY.wav`` and ``zh/KEY.wav``, made now if it is not there.

    Args:
        data_dir: Of the Asterisk whose recordings are used.

    Returns:
        ``None`` when it cannot be made; the operator is told.
    """
    try:
        return _find_or_make(data_dir)
    except OSError as error:
        say(f"! The spoken prompts cannot be made ({error}); callers do not hear them.")
        return None


def _find_or_make(data_dir: Path) -> Path:
    source = (checkout() / "asterisk" / "prompts.toml").read_bytes()
    digest = hashlib.sha256(_FORM + source).hexdigest()[:12]
    spoken = cache_dir() / "prompts" / digest
    stand_in = spoken.with_name(f"{digest}-stand-in")
    if spoken.is_dir():
        return spoken
    if _is_young(stand_in):
        return stand_in
    spoken.parent.mkdir(parents=True, exist_ok=True)
    with only_one(spoken.parent / "lock"):
        if spoken.is_dir():
            return spoken
        if _is_young(stand_in):
            return stand_in
        texts = tomllib.loads(source.decode())
        recordings = english_recordings(data_dir)
        try:
            with step("Making the spoken prompts"):
                return _make(spoken, texts, recordings, cache(find_voice))
        except Trouble as trouble:
            say(
                f"! There is no voice for the spoken prompts ({trouble}). Recordings of Asterisk "
                "stand in, English only. Install espeak-ng to change that."
            )
            return _make(stand_in, texts, recordings, None)


def _is_young(folder: Path) -> bool:
    try:
        # A file's own time is the wall clock's.
        return time.time() - folder.stat().st_mtime < _TRY_AGAIN_S  # noqa: TID251
    except FileNotFoundError:
        return False


# -- a voice -------------------------------------------------------------------------------------


def find_voice() -> Voice:
    """Return a voice that speaks all languages.

    Raises:
        Trouble: None is here and none can be had.
    """
    program = shutil.which("espeak-ng")
    own = Voice((program,)) if program is not None else None
    if own is not None and _speaks(own):
        return own
    kept = cache_dir() / f"voice-{platform.machine()}"
    voice = _unpacked(kept)
    if voice is not None and _speaks(voice):
        return voice
    with tempfile.TemporaryDirectory(prefix="voice-", dir=cache_dir()) as folder:
        prefix = _fetch(Path(folder))
        shutil.rmtree(kept, ignore_errors=True)
        prefix.rename(kept)
    voice = _unpacked(kept)
    if voice is None:
        raise Trouble("espeak-ng went away while it was fetched")
    return voice


def _speaks(voice: Voice) -> bool:
    try:
        return all(voice.speak("ni2", language) for language in LANGUAGES)
    except (OSError, Trouble):
        return False


def _fetch(scratch: Path) -> Path:
    for tool in ("apt-get", "apt-cache", "dpkg"):
        if shutil.which(tool) is None:
            raise Trouble(f"no espeak-ng, and no {tool} to fetch it with")
    refusals: list[str] = []
    for number, archive in enumerate(archives()[:_MOST_FETCHED]):
        apt = PrivateApt(scratch / f"apt-{number}", archive)
        if apt.candidate("espeak-ng") is None:
            refusals.append(f"{archive.suite}: {apt.complaint or 'no espeak-ng'}")
            continue
        prefix = scratch / f"prefix-{number}"
        unpack(apt.download(("espeak-ng",)), prefix)
        voice = _unpacked(prefix)
        if voice is not None and _speaks(voice):
            return prefix
        refusals.append(f"{archive.suite}: unpacked, but does not speak")
    raise Trouble("; ".join(refusals) or "no Debian or Ubuntu archive is configured for apt")


def _unpacked(prefix: Path) -> Voice | None:
    loader = loader_of(prefix)
    data = next(iter(sorted(prefix.glob("usr/lib/*/espeak-ng-data"))), None) or next(
        iter(sorted(prefix.glob("usr/share/espeak-ng-data"))), None
    )
    library = next(iter(sorted(prefix.glob("usr/lib/*/libespeak-ng.so.*"))), None)
    if loader is None or data is None or library is None:
        return None
    libraries = library.parent
    # Libraries that only some programs use (pulseaudio …) lie one folder deeper.
    deeper = sorted({p.parent for p in libraries.glob("*/lib*.so*")})
    older = prefix / libraries.relative_to(prefix / "usr")
    search = ":".join(map(str, (libraries, older, *deeper)))
    program = str(prefix / "usr/bin/espeak-ng")
    return Voice((str(loader), "--library-path", search, program, f"--path={data.parent}"))


# -- the files -----------------------------------------------------------------------------------


def _make(
    target: Path, texts: Texts, recordings: Path | None, voice: Callable[[], Voice] | None
) -> Path:
    """Write all files and put them in place at once."""
    with tempfile.TemporaryDirectory(prefix="making-", dir=target.parent) as scratch:
        folder = Path(scratch) / "prompts"
        for language in LANGUAGES:
            (folder / language).mkdir(parents=True)
            for key, text in texts.items():
                file = folder / language / f"{key}.wav"
                joined: list[int] = []
                if voice is None or (language == "en" and "english" in text):
                    joined = _joined(recordings, text.get("english") or text.get("without") or ())
                if joined:
                    write_wav(file, joined)
                elif voice is not None:
                    spoken = str(text["pinyin" if language == "zh" else "en"])
                    shutil.copyfile(_kept(target.parent / "spoken", spoken, language, voice), file)
        shutil.rmtree(target, ignore_errors=True)
        os.replace(folder, target)
    return target


def _kept(store: Path, text: str, language: str, voice: Callable[[], Voice]) -> Path:
    """Return the file of a text, spoken now if it never was."""
    name = hashlib.sha256(_FORM + repr((_VOICES[language], text)).encode()).hexdigest()[:24]
    file = store / f"{name}.wav"
    if not file.exists():
        store.mkdir(exist_ok=True)
        unfinished = file.with_suffix(".new")
        write_wav(unfinished, voice().speak(text, language))
        os.replace(unfinished, file)
    return file


def _joined(recordings: Path | None, names: Sequence[str]) -> list[int]:
    """Return recordings one after another, none when one of them is missing or of another form."""
    joined: list[int] = []
    for name in names:
        try:
            with wave.open(str((recordings or Path()) / f"{name}.wav"), "rb") as file:
                if (file.getframerate(), file.getsampwidth(), file.getnchannels()) != (
                    RATE_HZ,
                    2,
                    1,
                ):
                    return []
                joined += samples_of(file.readframes(file.getnframes()))
        except (OSError, EOFError, wave.Error):
            return []
    return joined
