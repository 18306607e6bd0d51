"""Ringway's REST API in Python.

    with Ringway("https://ringway.example", api_key="rw_...") as ringway:
        for customer in ringway.customers.iter_customers(name="li"):
            print(customer.name)

Everything in ``generated/`` is written by ``tools/client`` from the API's OpenAPI document.
"""

from ringway_client.client import AsyncRingway, Ringway
from ringway_client.errors import (
    ChangedMeanwhile,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    NotSignedIn,
    RingwayError,
    TooManyRequests,
    Unavailable,
)
from ringway_client.generated import models
from ringway_client.receiver import WebhookReceiver
from ringway_client.waiting import (
    JobFailed,
    async_wait_for,
    async_wait_for_job,
    wait_for,
    wait_for_job,
)
from ringway_client.webhooks import NotGenuine, verify

__all__ = [
    "AsyncRingway",
    "ChangedMeanwhile",
    "Conflict",
    "Forbidden",
    "Invalid",
    "JobFailed",
    "NotFound",
    "NotGenuine",
    "NotSignedIn",
    "Ringway",
    "RingwayError",
    "TooManyRequests",
    "Unavailable",
    "WebhookReceiver",
    "async_wait_for",
    "async_wait_for_job",
    "models",
    "verify",
    "wait_for",
    "wait_for_job",
]
