"""How often a person is taken for a machine, and how long the decision takes.

Greetings of people and of machines are spoken by espeak-ng in several voices, speeds, English and
Chinese, and put on a telephone line: a pause first, noise of several levels, loud and quiet lines,
G.711. Each clip is heard by

    asterisk    the rules of Asterisk's AMD() with the values of its amd.conf: the baseline
    ringway     ``ringway.dialer.core.listening`` with a campaign's defaults
    ringway+    the same with a longer greeting allowed (2.6 s): hardly anybody is hung up on

The voices are synthetic, and whoever wrote the greetings tuned the detector on them: real lines are
worse. Unsure counts as a person: nobody is hung up on for being silent. ``lost`` is the share of
people who would have been hung up on; ``missed`` the share of machines that would have reached an
agent. ``--seed`` puts the speech on other lines: 1 is what the defaults were tuned on.

Prints one JSON object; ``--quick`` takes a quarter of the clips.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ringway.cli.prompts import Voice, find_voice
from ringway.cli.say import Trouble, say
from ringway.dialer.core.listening import RATE_HZ, Amd, Answerer, Framer
from ringway.proto.dialer_spec import AmdRule

Samples = NDArray[np.int16]

PEOPLE = {
    "en-us": (
        "Hello?", "Hello.", "Yes?", "Yeah, hello?", "Hi.", "Smith.", "Hello, who is this?",
        "This is Anna.", "Good morning.", "Speaking.", "Hello, Peter speaking.",
        "Good afternoon, Johnson residence.", "Miller and sons, good morning.",
        "Yes, who is calling please?",
    ),
    "cmn-latn-pinyin": (
        "wei4", "wei4 ni3 hao3", "ni3 hao3", "shei2 a1", "wei4 na3 wei4", "ni3 shuo1",
        "wei4 ni3 zhao3 shei2", "ni3 hao3 wo3 shi4 xiao3 wang2",
    ),
}  # fmt: skip
MACHINES = {
    "en-us": (
        "Hi, you have reached Anna Smith. I cannot take your call. Please leave a message.",
        "The person you are calling is not available. Please leave your message after the beep.",
        "Hello, this is Peter. Sorry I missed your call. Leave your name and number.",
        "Your call has been forwarded to an automatic voice message system.",
        "Hi, we are not at home. Leave a message.",
        "Welcome to the Millers. Nobody can come to the phone at the moment, please try later.",
        "You have reached five five five one two three four. Please record your message.",
    ),
    "cmn-latn-pinyin": (
        "nin2 hao3 nin2 bo1 da3 de5 yong4 hu4 zan4 shi2 wu2 fa3 jie1 ting1 qing3 liu2 yan2",
        "ni3 hao3 wo3 xian4 zai4 bu4 fang1 bian4 jie1 dian4 hua4 qing3 liu2 yan2",
        "nin2 hao3 zhe4 li3 shi4 yu3 yin1 xin4 xiang1 qing3 zai4 ti2 shi4 yin1 hou4 liu2 yan2",
    ),
}  # fmt: skip
_SPEAKERS = ("", "+f2", "+m3", "+f4")
_SPEEDS = (145, 175)
_CLIP_S = 6.0


@dataclass(frozen=True, slots=True)
class Clip:
    """What is heard from the answer on, and who really speaks."""

    is_person: bool
    language: str
    samples: Samples


@dataclass(frozen=True, slots=True)
class Heard:
    """What one method made of one clip."""

    answerer: Answerer
    at_ms: int
    cpu_ms: float


def spoken(voice: Voice, language: str, speaker: str, speed: int, text: str) -> NDArray[np.float64]:
    """Return a text as samples of 8 kHz, peak 1.

    Raises:
        Trouble: It could not be spoken.
    """
    with tempfile.TemporaryDirectory(prefix="ringway-amd-") as scratch:
        out = Path(scratch) / "spoken.wav"
        done = subprocess.run(
            (*voice.argv, "-b", "1", "-v", f"{language}{speaker}", "-s", str(speed), "-w", str(out),
             text),
            capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise Trouble(f"espeak-ng cannot speak {language}{speaker}")
        with wave.open(str(out), "rb") as file:
            rate = file.getframerate()
            raw = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(float)
    # A telephone line ends below 4 kHz: average, then take every so-manieth sample.
    width = max(1, round(rate / RATE_HZ))
    smooth = np.convolve(raw, np.ones(width) / width, mode="same")
    at = np.arange(0, len(smooth) - 1, rate / RATE_HZ)
    narrow = np.interp(at, np.arange(len(smooth)), smooth)
    loudest: float = max(1.0, float(np.abs(narrow).max()))
    scaled: NDArray[np.float64] = narrow / loudest
    return scaled


def clips(voice: Voice, rng: np.random.Generator, every: int) -> Iterator[Clip]:
    """Make the clips, always the same ones; ``every``: of how many one is taken."""
    n = 0
    for is_person, texts in ((True, PEOPLE), (False, MACHINES)):
        repeats = 1 if is_person else 2  # as many machines as people, roughly
        for language, lines in texts.items():
            for text, speaker, speed in product(lines, _SPEAKERS, _SPEEDS):
                for _ in range(repeats):
                    n += 1
                    if n % every == 0:
                        speech = spoken(voice, language, speaker, speed, text)
                        yield Clip(is_person, language, _on_line(speech, is_person, rng))


def _on_line(speech: NDArray[np.float64], is_person: bool, rng: np.random.Generator) -> Samples:
    """Put speech on a line: pause, level, noise, G.711; a machine beeps at its end."""
    whole = np.zeros(int(_CLIP_S * RATE_HZ))
    lead = int(rng.uniform(0.1, 1.2) * RATE_HZ)
    parts = [speech]
    if is_person:  # waits, then asks once more
        parts += [np.zeros(int(rng.uniform(1.6, 2.6) * RATE_HZ)), speech]
    else:
        seconds = np.arange(int(rng.uniform(0.2, 0.6) * RATE_HZ)) / RATE_HZ
        beep = 0.7 * np.sin(2 * np.pi * rng.choice([850.0, 1000.0, 1400.0]) * seconds)
        parts += [np.zeros(int(0.4 * RATE_HZ)), beep]
    said = np.concatenate(parts)[: len(whole) - lead]
    whole[lead : lead + len(said)] = said
    level = 32767 * 10 ** (rng.uniform(-24, -3) / 20)
    noise = rng.normal(size=len(whole)) * 10 ** (-rng.uniform(14, 45) / 20) * 0.3
    return _g711((whole + noise) * level)


def _g711(values: NDArray[np.float64]) -> Samples:
    """Through mu-law and back (ITU-T G.711)."""
    x = np.clip(values / 32768, -1, 1)
    companded = np.sign(x) * np.log1p(255 * np.abs(x)) / np.log(256)
    coarse = np.round(companded * 127) / 127
    back = np.sign(coarse) * (256 ** np.abs(coarse) - 1) / 255
    whole: Samples = (back * 32767).astype(np.int16)
    return whole


def hear_ringway(samples: Samples, rule: AmdRule) -> tuple[Answerer, int]:
    """Return who answered by our own detector, and when it knew."""
    framer, amd = Framer(), Amd(rule)
    for frame in framer.add(samples):
        verdict = amd.add(frame)
        if verdict is not None:
            return verdict.answerer, verdict.at_ms
    return Answerer.UNSURE, framer.at_ms


def hear_asterisk(samples: Samples) -> tuple[Answerer, int]:
    """Return who answered by the rules of AMD(), as its configuration describes them."""
    silence = voiced = word = total_voice = 0
    words, in_word, has_greeting = 0, False, False
    for n in range(len(samples) // 160):
        at_ms = (n + 1) * 20
        level = float(np.mean(np.abs(samples[n * 160 : (n + 1) * 160].astype(float))))
        if level < 256:
            silence += 20
            if silence >= 50 and in_word:
                in_word, word = False, 0
            if has_greeting and silence >= 800:
                return Answerer.PERSON, at_ms
            if not has_greeting and silence >= 2500:
                return Answerer.MACHINE, at_ms
        else:
            silence = 0
            word += 20
            total_voice += 20
            if word >= 100 and not in_word:
                in_word, has_greeting = True, True
                words += 1
                if words > 2:
                    return Answerer.MACHINE, at_ms
            voiced = voiced + 20 if has_greeting else 0
            if voiced >= 1500:
                return Answerer.MACHINE, at_ms
        if at_ms >= 5000:
            return Answerer.UNSURE, at_ms
    return Answerer.UNSURE, len(samples) // 8


METHODS: dict[str, Callable[[Samples], tuple[Answerer, int]]] = {
    "asterisk": hear_asterisk,
    "ringway": lambda samples: hear_ringway(samples, AmdRule(enabled=True)),
    "ringway+": lambda samples: hear_ringway(samples, AmdRule(enabled=True, greeting_ms=2600)),
}


def figures_of(heard: Sequence[tuple[Clip, Heard]]) -> dict[str, float]:
    """Sum up one method."""
    people = [h for clip, h in heard if clip.is_person]
    machines = [h for clip, h in heard if not clip.is_person]
    lost = sum(h.answerer not in (Answerer.PERSON, Answerer.UNSURE) for h in people)
    caught = sum(h.answerer is Answerer.MACHINE for h in machines)
    times = sorted(h.at_ms for h in people)
    return {
        "people": len(people),
        "machines": len(machines),
        "lost": lost / len(people),
        "missed": 1 - caught / len(machines),
        "unsure": sum(h.answerer is Answerer.UNSURE for _, h in heard) / len(heard),
        "accuracy": (len(people) - lost + caught) / len(heard),
        "person_known_after_ms_median": statistics.median(times),
        "person_known_after_ms_p95": times[int(len(times) * 0.95)],
        "cpu_ms_a_call": statistics.fmean(h.cpu_ms for _, h in heard),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench and print its object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int, default=2)
    arguments = parser.parse_args(argv)
    rng = np.random.default_rng(arguments.seed)
    heard: dict[str, list[tuple[Clip, Heard]]] = {name: [] for name in METHODS}
    for clip in clips(find_voice(), rng, 4 if arguments.quick else 1):
        for name, method in METHODS.items():
            began = time.process_time()
            answerer, at_ms = method(clip.samples)
            cpu_ms = (time.process_time() - began) * 1000
            heard[name].append((clip, Heard(answerer, at_ms, cpu_ms)))
    figures = {name: figures_of(each) for name, each in heard.items()}
    if not arguments.json:
        for name, f in figures.items():
            say(
                f"{name:10} people lost {f['lost']:6.1%}  machines missed {f['missed']:6.1%}"
                f"  unsure {f['unsure']:6.1%}  person known after"
                f" {f['person_known_after_ms_median']:.0f} ms (p95"
                f" {f['person_known_after_ms_p95']:.0f})  CPU {f['cpu_ms_a_call']:.1f} ms a call"
            )
    baseline = figures["asterisk"]
    ratios: dict[str, Any] = {
        name: {
            "lost": f["lost"] / baseline["lost"] if baseline["lost"] else None,
            "accuracy": f["accuracy"] / baseline["accuracy"],
        }
        for name, f in figures.items()
        if name != "asterisk"
    }
    aims = {"ringway_accuracy_ratio": 1.0}
    met = {"ringway_accuracy_ratio": ratios["ringway"]["accuracy"] >= 1.0}
    print(
        json.dumps(
            {
                "bench": "amd", "figures": figures, "baseline": "asterisk", "ratios": ratios,
                "aims": aims, "met": met,
            },
            indent=None if arguments.json else 2,
        )
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
