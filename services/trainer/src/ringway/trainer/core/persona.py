"""How a simulated customer behaves: from the number called and a seed, always the same.

Times are seconds. A number that no rule matches answers like most people do.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ringway.proto.trainer import Persona, PersonaKind, PersonaRule
from ringway.trainer.core.talking import RINGBACK, Say

_EARLY_TALK_S = (0.3, 1.0)
_MAILBOX_S = 30.0  # how long a machine listens after its beep
_WAITS_S = 1.5  # after his greeting, for the caller to speak
# ITU-T E.180: three tones that rise, then words.
_SPECIAL_INFORMATION = (Say(950, 0.34), Say(1400, 0.34), Say(1800, 0.34))
_BEEP = Say(1000, 0.4)
_KEYS_AFTER_S = 1.0
_ANNOUNCEMENT_S, _BETWEEN_S = 6.0, 1.0
DEFAULT = Persona(kind=PersonaKind.ANSWERS)

# What the network answers at once, before anything rings.
_AT_ONCE = {
    PersonaKind.BUSY: 486,
    PersonaKind.INVALID_NUMBER: 404,
    PersonaKind.TRUNK_REFUSES: 503,
}


class InvalidScenario(ValueError):
    """A rule's pattern is no regular expression, or its weights choose nobody."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a customer does with one call."""

    persona: PersonaKind
    refuse_with: int | None = None  # SIP status instead of an answer
    rings: bool = True
    early_media: bool = False
    early_script: tuple[Say, ...] = RINGBACK  # what is heard in it, again and again
    ring_s: float | None = None  # until the answer or refusal; None: for ever
    hang_up_after_s: float | None = None  # after the answer; None: never
    script: tuple[Say, ...] = ()
    keys: str = ""
    keys_after_s: float = _KEYS_AFTER_S
    tone_hz: float = 0


class Scenario:
    """Rules in order; the first whose pattern matches the whole number decides.

    Raises:
        InvalidScenario: See there.
    """

    def __init__(self, rules: Sequence[PersonaRule], *, seed: int = 1) -> None:
        self._seed = seed
        self._rules: list[tuple[re.Pattern[str], PersonaRule]] = []
        for rule in rules:
            weights = [weight for weight, _ in rule.mix]
            if min(weights) < 0 or not 0 < sum(weights) < float("inf"):
                raise InvalidScenario(f"the weights of {rule.pattern!r} choose nobody")
            try:
                self._rules.append((re.compile(rule.pattern), rule))
            except re.error as error:
                raise InvalidScenario(f"{rule.pattern!r} is no pattern: {error}") from error

    def matches(self, number: str) -> bool:
        """Whether a rule speaks about this number."""
        return any(pattern.fullmatch(number) for pattern, _ in self._rules)

    def plan(self, number: str) -> Plan:
        """Decide what the customer with this number does."""
        # A text seed is hashed by the generator in the same way in every process.
        rng = random.Random(f"{self._seed}:{number}")
        for pattern, rule in self._rules:
            if pattern.fullmatch(number):
                weights = [weight for weight, _ in rule.mix]
                personas = [persona for _, persona in rule.mix]
                return plan_of(rng.choices(personas, weights)[0], rng)
        return plan_of(DEFAULT, rng)


def plan_of(persona: Persona, rng: random.Random) -> Plan:
    """Draw one concrete behaviour of a persona."""
    plan = _plan_of(persona, rng)
    if persona.announces is not None:
        words = Say(for_s=_ANNOUNCEMENT_S, is_speech=True, variant=persona.announces)
        tones = _SPECIAL_INFORMATION if persona.is_announcement else ()
        return replace(plan, early_media=True, early_script=(*tones, words, Say(0, _BETWEEN_S)))
    return plan


def _plan_of(persona: Persona, rng: random.Random) -> Plan:
    ring_s = rng.uniform(*sorted(persona.ring_s))
    talk_s = rng.uniform(*sorted(_talk_bounds(persona)))
    hang_up = None if persona.stays else talk_s
    tone = _said_by(persona, rng)
    kind = persona.kind
    early = persona.early_media
    match kind:
        case PersonaKind.BUSY | PersonaKind.INVALID_NUMBER | PersonaKind.TRUNK_REFUSES:
            return Plan(kind, _AT_ONCE[kind], rings=early, early_media=early,
                        ring_s=ring_s if early else 0.0)  # fmt: skip
        case PersonaKind.REJECTS:
            return Plan(kind, 603, early_media=early, ring_s=ring_s)
        case PersonaKind.NO_ANSWER:
            return Plan(kind, early_media=early)
        case PersonaKind.MACHINE:
            greeting = Say(for_s=talk_s, is_speech=True, variant=rng.randrange(8))
            hang_up = None if persona.stays else talk_s + _MAILBOX_S
            return Plan(kind, early_media=early, ring_s=ring_s, hang_up_after_s=hang_up,
                        script=(greeting, _BEEP))  # fmt: skip
        case PersonaKind.PRESSES_KEYS:
            return Plan(kind, early_media=early, ring_s=ring_s, hang_up_after_s=hang_up,
                        script=tone, keys=persona.keys, tone_hz=persona.tone_hz)  # fmt: skip
        case PersonaKind.ANSWERS | PersonaKind.HANGS_UP_EARLY:
            return Plan(kind, early_media=early, ring_s=ring_s, hang_up_after_s=hang_up,
                        script=tone, tone_hz=persona.tone_hz)  # fmt: skip


def _said_by(persona: Persona, rng: random.Random) -> tuple[Say, ...]:
    """What a person says: his tone, after his greeting; or what an operator announces."""
    if persona.is_announcement:
        variant = rng.randrange(8)
        return (*_SPECIAL_INFORMATION, Say(is_speech=True, variant=variant))
    tone = Say(persona.tone_hz)
    if not persona.greets_s:
        return (tone,)
    greeting = Say(for_s=persona.greets_s, is_speech=True, variant=rng.randrange(8))
    return (greeting, Say(0, _WAITS_S), tone)


def _talk_bounds(persona: Persona) -> tuple[float, float]:
    usual = Persona.model_fields["talk_s"].default
    if persona.kind is PersonaKind.HANGS_UP_EARLY and persona.talk_s == usual:
        return _EARLY_TALK_S
    return persona.talk_s
