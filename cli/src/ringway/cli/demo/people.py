"""Who is called in the demo: numbers reserved for fiction, and how their owners behave."""

from __future__ import annotations

from ringway.proto.trainer import Persona, PersonaKind, PersonaRule

# 07700 900000 to 900999: the British regulator keeps them free for drama, nobody can have one.
_FIRST = "+447700900{:03d}"
MOST_LEADS = 1000


def numbers(count: int) -> list[str]:
    """Return ``count`` different numbers.

    Raises:
        ValueError: More than there are.
    """
    if not 0 < count <= MOST_LEADS:
        raise ValueError(f"the demo has 1 to {MOST_LEADS} leads")
    return [_FIRST.format(index) for index in range(count)]


def rules(talk_s: tuple[float, float] = (4.0, 7.0)) -> tuple[PersonaRule, ...]:
    """Return behaviour by the number's last two digits, so that any run meets all kinds."""

    def rule(pattern: str, *mix: tuple[float, Persona]) -> PersonaRule:
        return PersonaRule(pattern=rf"\+?\d*{pattern}", mix=mix)

    ring_s = (0.5, 2.0)
    return (
        rule("[1357]3", (1, Persona(kind=PersonaKind.NO_ANSWER))),
        rule("[02468]7", (1, Persona(kind=PersonaKind.BUSY, ring_s=(0.1, 0.5)))),
        rule("[159]9", (1, Persona(kind=PersonaKind.INVALID_NUMBER))),
        rule(
            "[37]9",
            (1, Persona(kind=PersonaKind.HANGS_UP_EARLY, ring_s=ring_s, talk_s=(0.5, 1.0))),
        ),
        rule(
            "[26]8",
            (1, Persona(kind=PersonaKind.MACHINE, ring_s=ring_s, talk_s=(3.0, 4.0), tone_hz=440)),
        ),
        rule(
            "[48]8",
            (
                1,
                Persona(
                    kind=PersonaKind.PRESSES_KEYS,
                    ring_s=ring_s,
                    talk_s=talk_s,
                    keys="1",
                    tone_hz=520,
                ),
            ),
        ),
        rule(
            r"\d",
            (1, Persona(kind=PersonaKind.ANSWERS, ring_s=ring_s, talk_s=talk_s, tone_hz=500)),
        ),
    )


def as_csv(phones: list[str]) -> bytes:
    """Return the leads as a file that an administrator would upload."""
    lines = ["phone,name", *(f"{phone},Customer {i}" for i, phone in enumerate(phones, 1))]
    return ("\n".join(lines) + "\n").encode()
