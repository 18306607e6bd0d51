"""The Python client is what the OpenAPI document says."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.api_document import api_document

from ringway_client import AsyncRingway, Ringway

pytestmark = pytest.mark.contract

_ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.timeout(120)
def test_the_committed_client_is_what_the_document_says() -> None:
    tool = [sys.executable, str(_ROOT / "tools" / "client"), "--check"]
    done = subprocess.run(tool, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_operation_is_a_method_of_both_clients() -> None:
    document = api_document()
    sync = Ringway("http://ringway.example", api_key="k")
    aio = AsyncRingway("http://ringway.example", api_key="k")
    with sync:
        for methods in document["paths"].values():
            for operation in methods.values():
                group = operation["tags"][0].replace(" ", "_").replace("-", "_")
                name = operation["operationId"]
                assert callable(getattr(getattr(sync, group), name))
                assert inspect.iscoroutinefunction(getattr(getattr(aio, group), name))


def test_a_client_wants_one_way_to_sign_in() -> None:
    for given in ({}, {"api_key": "k", "username": "u", "password": "p"}, {"username": "u"}):
        with pytest.raises(ValueError, match="Give either"):
            Ringway("http://ringway.example", **given)  # type: ignore[arg-type]
