"""Every operation in every state of a talk, and every interruption after it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.support.talk_world import GONE, TalkWorld, plain_talk

from ringway.acd.core import talk_model as t
from ringway.acd.core.talk import Talk
from ringway.acd.core.talk_model import CUSTOMER, ON_HOLD, NotNow, NotPart
from ringway.proto.acd_config import Target, TargetKind

pytestmark = pytest.mark.unit

BOB = Target(kind=TargetKind.AGENT, value="bob")
OUTSIDE = Target(kind=TargetKind.NUMBER, value="+442079460000")
QUEUE = Target(kind=TargetKind.QUEUE, value="sales")
TARGETS = {"agent": BOB, "outside": OUTSIDE}


def consult(world: TalkWorld, target: Target, kind: type[t.ConsultAsked] = t.ConsultAsked) -> None:
    is_agent = target.kind is TargetKind.AGENT
    world.do(
        kind(1, "ann", target, target.value if is_agent else None, "" if is_agent else target.value)
    )


def answer(world: TalkWorld) -> None:
    (leg,) = world.ringing
    world.do(t.PartyAnswered(3, leg, f"{leg}.b" if leg in world.agents else None))


def held(world: TalkWorld, _: Target) -> None:
    world.do(t.HoldAsked(1, "ann"))


def talks_with(world: TalkWorld, target: Target) -> None:
    consult(world, target)
    answer(world)


def swapped(world: TalkWorld, target: Target) -> None:
    talks_with(world, target)
    world.do(t.ResumeAsked(4, "ann"))


def on_line(world: TalkWorld, target: Target) -> None:
    consult(world, target, t.LineAsked)
    answer(world)


def line_swapped(world: TalkWorld, target: Target) -> None:
    on_line(world, target)
    world.do(t.ResumeAsked(4, "ann"))


def handed(world: TalkWorld, target: Target) -> None:
    consult(world, target)
    world.do(t.CompleteAsked(2, "ann"))


def completed(world: TalkWorld, target: Target) -> None:
    talks_with(world, target)
    world.do(t.CompleteAsked(4, "ann"))


def merged(world: TalkWorld, target: Target) -> None:
    talks_with(world, target)
    world.do(t.MergeAsked(4, "ann"))


def merged_held(world: TalkWorld, target: Target) -> None:
    merged(world, target)
    world.do(t.HoldAsked(5, "ann"))


# The states of a talk: who hears whom in each (c customer, a agent, b consulted party, m music).
STATES: dict[str, tuple[Callable[[TalkWorld, Target], None], str]] = {
    "plain": (lambda w, _: None, "c:a a:c"),
    "held": (held, "c:m a:"),
    "rings": (consult, "c:m a:"),
    "talks": (talks_with, "c:m a:b b:a"),
    "swapped": (swapped, "c:a a:c b:m"),
    "handed": (handed, "c:m"),
    "blind": (lambda w, x: consult(w, x, t.TransferAsked), "c:m"),
    "refers": (lambda w, x: consult(w, x, t.ReferAsked), "c:m a:"),
    "line": (on_line, "c:m a:m b:l l:b"),
    "line_rings": (lambda w, x: consult(w, x, t.LineAsked), "c:m a:m"),
    "line_swapped": (line_swapped, "c:a a:c b:m l:m"),
    "completed": (completed, "c:b b:c"),
    "merged": (merged, "c:ab a:bc b:ac"),
    "merged_held": (merged_held, "c:m a:b b:a"),
}

# What follows when a leg ends: as above, or "ends" (the customer is hung up), "recall", "over".
AFTER: dict[str, dict[str, str]] = {
    "plain": {"customer": "over", "agent": "ends"},
    "held": {"customer": "over", "agent": "ends"},
    "rings": {"customer": "over", "agent": "ends", "target": "c:a a:c"},
    "talks": {"customer": "over", "agent": "ends", "target": "c:a a:c"},
    "swapped": {"customer": "over", "agent": "ends", "target": "c:a a:c"},
    "handed": {"customer": "over", "target": "recall"},
    "blind": {"customer": "over", "target": "recall"},
    "refers": {"customer": "over", "agent": "c:m", "target": "c:a a:c"},
    "line": {"customer": "over", "agent": "ends", "target": "c:m a:", "line": "c:m a:"},
    "line_rings": {"customer": "over", "agent": "ends", "target": "c:m a:", "line": "c:m a:"},
    "line_swapped": {"customer": "over", "agent": "ends", "target": "c:a a:c", "line": "c:a a:c"},
    "completed": {"customer": "over", "target": "ends"},
    "merged": {"customer": "over", "agent": "c:b b:c", "target": "c:a a:c"},
    "merged_held": {"customer": "over", "agent": "c:b b:c", "target": "c:m a:"},
}

OPERATIONS: dict[str, Callable[[str], t.Event]] = {
    "hold": lambda by: t.HoldAsked(6, by),
    "resume": lambda by: t.ResumeAsked(6, by),
    "mute": lambda by: t.MuteAsked(6, by, True),
    "consult": lambda by: t.ConsultAsked(6, by, OUTSIDE, None, OUTSIDE.value),
    "cancel_consult": lambda by: t.CancelConsultAsked(6, by),
    "complete": lambda by: t.CompleteAsked(6, by),
    "transfer": lambda by: t.TransferAsked(6, by, OUTSIDE, None, OUTSIDE.value),
    "to_queue": lambda by: t.HandOverAsked(6, by, QUEUE),
    "merge": lambda by: t.MergeAsked(6, by),
    "leave": lambda by: t.LeaveAsked(6, by),
    "remove": lambda by: t.RemoveAsked(6, by, "p1"),
    "hang_up": lambda by: t.HangUpAsked(6, by),
}
LEGS = {"customer": CUSTOMER, "agent": "a0", "target": "p1", "line": "l1"}


def world_in(state: str, target: Target) -> TalkWorld:
    world = plain_talk()
    STATES[state][0](world, target)
    return world


def hearing(world: TalkWorld) -> str:
    """Who hears whom, in the words of the tables."""
    names = {CUSTOMER: "c", "a0": "a", "p1": "b", "l1": "l"}
    parts = []
    for leg, name in names.items():
        if leg in world.talk.parties and leg not in world.ringing | world.lines:
            heard = world.hears(leg)
            said = "m" if heard == {"music"} else "".join(sorted(names[x] for x in heard))
            parts.append(f"{name}:{said}")
    return " ".join(parts)


def outcome(world: TalkWorld) -> str:
    if world.handed_to.startswith("recall"):
        return "recall"
    if world.is_over:
        return "over"
    return "ends" if world.talk.is_ending else hearing(world)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("state", STATES)
def test_who_hears_whom_in_every_state(state: str, target: str) -> None:
    assert hearing(world_in(state, TARGETS[target])) == STATES[state][1]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("state", "leg"), [(s, leg) for s in STATES for leg in AFTER[s]])
def test_what_follows_when_a_leg_ends(state: str, leg: str, target: str) -> None:
    world = world_in(state, TARGETS[target])
    if LEGS[leg] in world.ringing:
        world.do(t.PartyFailed(7, LEGS[leg]))
    else:
        world.do(t.PartyGone(7, LEGS[leg]))
    assert outcome(world) == AFTER[state][leg]


@pytest.mark.parametrize("leg", LEGS)
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("target", TARGETS)
def test_every_operation_survives_every_interruption(
    target: str, state: str, operation: str, leg: str
) -> None:
    """TalkWorld checks after each command that nobody is lost and nobody hears too much."""
    world = world_in(state, TARGETS[target])
    by = "bob" if world.talk.agent("ann") is None else "ann"
    before = hearing(world)
    try:
        world.do(OPERATIONS[operation](by))
    except (NotNow, NotPart):
        assert hearing(world) == before
    for each in sorted(world.ringing):
        world.do(t.PartyFailed(7, each) if leg == "target" else t.PartyAnswered(7, each))
    if LEGS[leg] in world.at and world.at[LEGS[leg]] != GONE:
        world.do(t.PartyGone(8, LEGS[leg]))
    if world.talk.customer is not None:
        world.do(t.PartyGone(9, CUSTOMER))
    assert world.is_over
    assert not world.ringing


@pytest.mark.parametrize(
    ("state", "operation", "why"),
    [
        ("plain", "complete", "no consultation"),
        ("plain", "merge", "nobody to merge"),
        ("plain", "leave", "Nobody would be left"),
        ("rings", "resume", "still rings"),
        ("rings", "merge", "still rings"),
        ("talks", "leave", "A consultation runs"),
    ],
)
def test_what_the_state_does_not_allow_is_refused_and_says_why(
    state: str, operation: str, why: str
) -> None:
    world = world_in(state, BOB)
    with pytest.raises(NotNow, match=why):
        world.do(OPERATIONS[operation]("ann"))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_who_is_not_part_of_the_talk_is_refused(operation: str) -> None:
    with pytest.raises(NotPart):
        plain_talk().do(OPERATIONS[operation]("eve"))


@pytest.mark.parametrize("operation", ["hold", "consult", "transfer", "to_queue", "merge"])
def test_only_who_has_the_customer_decides_about_him(operation: str) -> None:
    world = world_in("merged", BOB)
    with pytest.raises(NotNow, match="Only the agent"):
        world.do(OPERATIONS[operation]("bob"))


def test_a_consultation_is_told_with_the_time_that_it_took() -> None:
    world = world_in("talks", BOB)
    world.do(t.CancelConsultAsked(10, "ann"))
    assert t.Consulted("ann", BOB, 7, "returned") in world.told


def test_an_attended_transfer_credits_the_new_agent() -> None:
    world = world_in("completed", BOB)
    assert world.owner == "bob"
    assert world.joined == {"bob"}
    assert t.Transferred("ann", BOB, is_attended=True) in world.told


def test_a_blind_transfer_credits_the_new_agent_when_he_answers() -> None:
    world = world_in("blind", BOB)
    assert world.owner is None
    answer(world)
    assert world.owner == "bob"
    assert t.Transferred("ann", BOB, is_attended=False) in world.told
    assert not any(isinstance(c, t.Consulted) for c in world.told)


def test_a_phones_transfer_is_complete_when_the_other_phone_answers() -> None:
    world = world_in("refers", BOB)
    answer(world)
    assert hearing(world) == "c:b b:c"
    assert world.owner == "bob"
    assert world.joined == {"bob"}


@pytest.mark.parametrize("state", ["line", "line_swapped"])
def test_a_transfer_between_two_lines_ends_both(state: str) -> None:
    world = world_in(state, BOB)
    world.do(t.CompleteAsked(6, "ann"))
    assert hearing(world) == "c:b b:c"
    assert world.at["l1"] == GONE
    assert world.owner == "bob"


def test_swapping_lines_back() -> None:
    world = world_in("line_swapped", BOB)
    world.do(t.HoldAsked(6, "ann"))
    assert hearing(world) == STATES["line"][1]


def test_outside_parties_talk_in_a_room_of_their_own_that_ends_with_them() -> None:
    world = world_in("completed", OUTSIDE)
    assert world.rooms == {"i1.x1"}
    world.do(t.PartyGone(9, CUSTOMER))
    assert not world.rooms


def test_a_muted_agent_is_heard_again_in_his_next_call() -> None:
    world = world_in("talks", BOB)
    world.do(t.MuteAsked(5, "ann", True))
    world.do(t.CompleteAsked(6, "ann"))
    assert world.muted == set()


def test_a_waiting_customer_is_joined_when_the_agent_answers() -> None:
    world = TalkWorld(Talk.awaiting("i1", "ann"))
    world.at = {CUSTOMER: ON_HOLD}
    world.agents, world.claimed, world.ringing = {"p1": "ann"}, {"ann"}, {"p1"}
    answer(world)
    assert hearing(world) == "c:b b:c"
    assert world.owner == "ann"


@pytest.mark.parametrize("place", [ON_HOLD, "nowhere", "ann.b"])
@pytest.mark.parametrize("leg", [CUSTOMER, "a0", "p1"])
def test_who_is_not_where_he_belongs_is_brought_there(leg: str, place: str) -> None:
    world = plain_talk()
    talks_with(world, BOB)
    world.lose(leg, place)  # which checks who hears whom
    world.do(t.ResumeAsked(10, "ann"))
    world.lose(leg, place)
    assert world.hears(CUSTOMER) == {"a0"}


def test_a_room_that_was_never_made_is_made_again_under_another_name() -> None:
    world = plain_talk()
    talks_with(world, OUTSIDE)
    world.do(t.CompleteAsked(5, "ann"))
    assert world.hears(CUSTOMER) == {"p1"}
    (room,) = world.rooms
    world.rooms.clear()
    world.at |= {CUSTOMER: "nowhere", "p1": "nowhere"}
    world.do(t.Seen(6, {CUSTOMER: None, "p1": None}, ()))
    assert world.hears(CUSTOMER) == {"p1"}
    assert room not in world.rooms


def test_who_leaves_is_not_called_back() -> None:
    world = plain_talk()
    world.do(t.RemoveAsked(1, "ann", CUSTOMER))
    assert world.do(t.Seen(2, {CUSTOMER: None}, ())) == []


def test_a_customer_who_was_held_after_the_snapshot_is_held() -> None:
    world = plain_talk()
    world.at[CUSTOMER] = ON_HOLD
    world.do(t.Seen(1, {CUSTOMER: ON_HOLD}, {"ann.b"}, is_news=True))
    assert world.is_hold
    world.do(t.ResumeAsked(2, "ann"))
    assert world.hears(CUSTOMER) == {"a0"}


def test_a_customer_who_was_resumed_after_the_snapshot_talks() -> None:
    world = plain_talk()
    world.do(t.HoldAsked(1, "ann"))
    world.at[CUSTOMER] = "ann.b"
    world.do(t.Seen(2, {CUSTOMER: "ann.b"}, {"ann.b"}, is_news=True))
    assert not world.is_hold
    assert world.hears(CUSTOMER) == {"a0"}
