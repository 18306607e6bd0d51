"""Who is called in the demo: numbers reserved for fiction, and how their owners behave."""

from __future__ import annotations

from ringway.proto.trainer import Persona, PersonaKind, PersonaRule

# 555-0100 to 555-0199 of each area code: North America keeps them for fiction, nobody has one.
_AREAS = (201, 202, 203, 205, 206, 207, 208, 209, 210, 212)
MOST_LEADS = 100 * len(_AREAS)


def numbers(count: int) -> list[str]:
    """Return ``count`` different numbers.

    Raises:
        ValueError: More than there are.
    """
    if not 0 < count <= MOST_LEADS:
        raise ValueError(f"the demo has 1 to {MOST_LEADS} leads")
    return [f"+1{_AREAS[i // 100]}55501{i % 100:02d}" for i in range(count)]


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
