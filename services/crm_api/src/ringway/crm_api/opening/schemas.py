"""Payloads of the guided opening of an enterprise."""

from __future__ import annotations

from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from ringway.crm_api.core.opening.templates import DispositionTemplate, Language, LawTemplate
from ringway.crm_api.features import Feature
from ringway.crm_api.schemas import AgentNumber, Body, Name, Password, Text, Username, View
from ringway.crm_api.tenants.schemas import FirstAdmin, Slug, TenantView
from ringway.crm_api.trunks.schemas import TrunkBody
from ringway.proto.base import PhoneE164
from ringway.proto.dialer_spec import ZoneName


class FirstAgent(Body):
    """An agent to begin with. He gets his phone's password with his own sign-in."""

    username: Username
    password: Password
    agent_number: AgentNumber
    display_name: Text = Field(default="", max_length=200)


class Opening(Body):
    """Everything that an enterprise needs to make its first call."""

    slug: Slug
    name: Name
    admin: FirstAdmin
    agents: list[FirstAgent] = Field(min_length=1, max_length=50)
    trunk: TrunkBody
    caller_numbers: list[PhoneE164] = Field(
        default=[], max_length=100, description="Numbers that it may show to the called."
    )
    project: Name | None = Field(
        default=None,
        description="What its campaigns belong to; null: a first project in its language.",
        examples=["Spring sale"],
    )
    language: Language = Field(default=Language.EN, description="Of its people.")
    dispositions: DispositionTemplate = Field(
        default=DispositionTemplate.TELESALES, description="What agents may say of calls."
    )
    law: LawTemplate = Field(
        default=LawTemplate.CAREFUL,
        description="Hours, caps and attempts of its campaigns where they say nothing.",
    )
    zone: ZoneName | None = Field(
        default=None,
        description="Counts where the zone of a called party is not known; null: the law's.",
    )
    features: list[Feature] = Field(default=list(Feature), max_length=50)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        names = [self.admin.username, *(agent.username for agent in self.agents)]
        numbers = [agent.agent_number for agent in self.agents]
        for what, values in (("username", names), ("agent number", numbers)):
            if len(set(values)) < len(values):
                raise ValueError(f"two people have one {what}")
        return self


class OpeningStep(View):
    """One step of an opening that was done."""

    step: str = Field(examples=["agent"])
    name: str
    object_id: UUID | None = None


class Opened(View):
    """An enterprise that can work, and how it came to be."""

    tenant: TenantView
    steps: list[OpeningStep]
