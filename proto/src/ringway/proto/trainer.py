"""Messages of the trainer: the simulated telephone network and simulated agents."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from ringway.proto.base import Model, Reply, Request, Seconds, Token


class PersonaKind(StrEnum):
    """How a simulated customer behaves."""

    ANSWERS = "answers"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    INVALID_NUMBER = "invalid_number"
    REJECTS = "rejects"
    TRUNK_REFUSES = "trunk_refuses"  # 503
    MACHINE = "machine"
    HANGS_UP_EARLY = "hangs_up_early"
    PRESSES_KEYS = "presses_keys"


class Persona(Model):
    """One behaviour of a simulated customer. Times are uniform between two bounds, in seconds."""

    kind: PersonaKind
    ring_s: tuple[Seconds, Seconds] = (0.5, 2.0)
    talk_s: tuple[Seconds, Seconds] = (
        4.0,
        8.0,
    )  # customer hangs up after; machine: greeting length
    tone_hz: float = Field(default=500, ge=100, le=3400)
    keys: str = Field(default="", pattern=r"^[0-9A-D*#]*$")
    early_media: bool = False
    stays: bool = False  # never hangs up by itself
    greets_s: Seconds = 0  # says something like words first, then waits, then the tone
    is_announcement: bool = False  # special information tones first: an operator speaks
    announces: int | None = Field(default=None, ge=0, lt=8)  # this one, before any answer


class PersonaRule(Model):
    """Numbers matching ``pattern`` (a regular expression, full match) get this persona mix."""

    pattern: str
    mix: tuple[tuple[float, Persona], ...] = Field(min_length=1)  # weight, persona


class PutScenarioV1(Request):
    """Replace the scenario of the simulated network. First matching rule wins."""

    SUBJECT: ClassVar[str] = "trainer.v1.{tenant}.cmd.put_scenario"

    rules: tuple[PersonaRule, ...]
    seed: int = 1


class SimulatedAgent(Model):
    """A simulated person with a SIP phone and, when ``api_url`` is set, a signed-in console."""

    agent_id: Token
    sip_username: str
    sip_password: str
    tone_hz: float = 700
    answer_after_s: Seconds = 0.2
    api_url: str = ""  # e.g. http://127.0.0.1:17000; empty: phone only
    username: str = ""
    password: str = ""
    leg_mode: str = "nailed_up"
    talk_s: tuple[Seconds, Seconds] | None = None  # agent hangs up after; None: customer does
    wrap_up_s: tuple[Seconds, Seconds] = (0.5, 1.5)
    disposition: str = "done"


class StartAgentsV1(Request):
    """Start simulated agents; those already running (same agent_id) are replaced."""

    SUBJECT: ClassVar[str] = "trainer.v1.{tenant}.cmd.start_agents"

    agents: tuple[SimulatedAgent, ...]


class StopAgentsV1(Request):
    """Stop simulated agents; an empty tuple stops all of the tenant."""

    SUBJECT: ClassVar[str] = "trainer.v1.{tenant}.cmd.stop_agents"

    agent_ids: tuple[Token, ...] = ()


class GetAgentsV1(Request):
    """Ask how the simulated agents do."""

    SUBJECT: ClassVar[str] = "trainer.v1.{tenant}.cmd.get_agents"


class SimulatedAgentStatus(Model):
    """One simulated agent."""

    agent_id: Token
    registered: bool
    signed_in: bool
    calls: int
    last_error: str = ""


class SimulatedAgentsV1(Reply):
    """All simulated agents of the tenant."""

    agents: tuple[SimulatedAgentStatus, ...]


class GetTrunkLogV1(Request):
    """Ask for the counts of the trunk's own log."""

    SUBJECT: ClassVar[str] = "trainer.v1.{tenant}.cmd.get_trunk_log"


class TrunkLogV1(Reply):
    """What the far end of the trunk saw; the file holds one JSON line a call."""

    path: str
    invites: int
    answered: int
    in_progress: int
