"""Caller ids: numbers that are allotted to a tenant, put into pools and given to agents."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime, Field

from ringway.proto.base import Fact, Model, PhoneE164, Reply, Request, Token
from ringway.proto.dialer_spec import ZoneName


class CallerPoolRule(StrEnum):
    """How a pool's numbers take turns."""

    LOCAL_MATCH = "local_match"  # the one with most leading digits in common with the called
    LEAST_USED = "least_used"  # fewest dials today
    IN_TURN = "in_turn"  # longest not used
    BEST_ANSWER_RATE = "best_answer_rate"  # those that are tried seldom included


class CallerNumberState(StrEnum):
    """Whether a number is shown to customers."""

    ACTIVE = "active"
    SPARE = "spare"  # takes the place of the next one that is rested
    RESTING = "resting"  # answered too seldom; comes back by itself
    FLAGGED = "flagged"  # rested too often: the operator should replace it
    RETIRED = "retired"  # taken out by hand


class CallerPool(Model):
    """Numbers that campaigns show in turn.

    A number is rested for ``rest_days`` when, over at least ``min_dials`` of its last 200 dials,
    its answer rate is clearly (99 of 100) below ``rest_below`` times that of the pool's other
    numbers, or times ``expected_answer_rate`` where those have not been dialed enough.
    """

    name: str = Field(min_length=1, max_length=200)
    rule: CallerPoolRule = CallerPoolRule.LEAST_USED
    daily_cap: int | None = Field(default=None, ge=1, le=100_000)  # dials a day and number
    zone: ZoneName = "UTC"  # where the day begins
    min_dials: int = Field(default=50, ge=10, le=200)
    rest_below: float = Field(default=0.6, gt=0, le=1)
    expected_answer_rate: float | None = Field(default=None, gt=0, le=1)
    rest_days: float = Field(default=7, gt=0, le=365)
    rests_at_most: int = Field(default=2, ge=0, le=100)  # then it is flagged


class CallerNumberRestedV1(Fact):
    """A number is answered too seldom: it rests, or is flagged for replacement by the operator."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.caller_pool.{pool_id}.number_rested"

    pool_id: Token
    phone_e164: PhoneE164
    state: CallerNumberState
    answer_rate: float
    pool_rate: float
    rest_until: AwareDatetime | None
    replaced_by: PhoneE164 | None = None


class CallerNumberReturnedV1(Fact):
    """A number's rest is over."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.caller_pool.{pool_id}.number_returned"

    pool_id: Token
    phone_e164: PhoneE164


class PutCallerPoolV1(Request):
    """Create or change a pool; takes effect within seconds."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.put_caller_pool"

    pool_id: Token
    pool: CallerPool


class DeleteCallerPoolV1(Request):
    """Delete a pool; its numbers stay with the tenant.

    Refused with ``caller_pool_not_found`` or ``caller_pool_in_use`` (a campaign names it).
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.delete_caller_pool"

    pool_id: Token


class AllotCallerNumbersV1(Request):
    """Give numbers to a tenant: the platform's part of R240. Those it has already stay as they are.

    Refused with ``caller_number_taken`` when another tenant has one of them; then none is given.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.allot_caller_numbers"

    phones_e164: tuple[PhoneE164, ...] = Field(min_length=1, max_length=5000)
    allotted_by: str = Field(max_length=200)


class WithdrawCallerNumbersV1(Request):
    """Take numbers back from a tenant; calls under way go on."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.withdraw_caller_numbers"

    phones_e164: tuple[PhoneE164, ...] = Field(min_length=1, max_length=5000)


class PutCallerNumberV1(Request):
    """Put one of the tenant's numbers into a pool, or give it to an agent, or take it out.

    Refused with ``caller_number_not_found`` or ``caller_pool_not_found``.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.put_caller_number"

    phone_e164: PhoneE164
    pool_id: Token | None = None
    agent_id: Token | None = None
    state: CallerNumberState = CallerNumberState.ACTIVE
    daily_cap: int | None = Field(default=None, ge=1, le=100_000)


class CallerNumbersV1(Reply):
    """How many numbers were changed by the request."""

    changed: int
