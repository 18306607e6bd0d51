"""Words of customers that several modules need, with their bounds."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ringway.crm_api.schemas import Text

MAX_NUMBERS = 20
MAX_TAGS = 50

Grade = Annotated[Text, Field(min_length=1, max_length=20, examples=["A"])]
Tag = Annotated[Text, Field(min_length=1, max_length=50, examples=["vip"])]


class Intent(StrEnum):
    """Whether he is interested (R199)."""

    UNKNOWN = "unknown"
    INTERESTED = "interested"
    NOT_INTERESTED = "not_interested"


class LeadStatus(StrEnum):
    """How far it is with him (R194)."""

    NEW = "new"
    CONTACTED = "contacted"
    QUALIFIED = "qualified"
    WON = "won"
    LOST = "lost"
