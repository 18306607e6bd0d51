"""Do the books balance? Pure comparison of what each part counted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Books:
    """What each part counted over one run."""

    attempts: int
    answered: int
    connected: int
    recordings: int
    invites: int  # calls that the trunk saw
    trunk_answered: int
    interactions: int
    campaigns_ended: bool


def balance(books: Books) -> list[str]:
    """Return what is wrong, one sentence each; empty when the run was sound."""
    wrong = []
    if not books.campaigns_ended:
        wrong.append("The campaigns did not end in time; give more --minutes or fewer --leads.")
    if books.attempts != books.invites:
        wrong.append(f"{books.attempts} attempts, but the trunk saw {books.invites} calls.")
    if books.answered != books.trunk_answered:
        wrong.append(
            f"{books.answered} answered attempts, but the trunk answered {books.trunk_answered}."
        )
    if books.interactions != books.answered:
        wrong.append(f"{books.answered} answered, but {books.interactions} interactions.")
    if books.recordings != books.connected:
        wrong.append(f"{books.connected} talked, but there are {books.recordings} recordings.")
    if not books.connected:
        wrong.append("Nobody talked with anybody.")
    return wrong
