"""Recorded samples are never edited: messages in flight and in the stream stay readable."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from ringway.proto.base import Kind, Message, registry
from ringway.proto.dialer import AttemptStartedV1
from ringway.proto.permissions import nats_permissions

pytestmark = pytest.mark.contract

SAMPLES = Path(__file__).parent / "samples"
ROOT = Path(__file__).resolve().parents[3]
BY_NAME = {message.type_name(): message for message in registry()}


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_recorded_sample_still_parses(path: Path) -> None:
    message = BY_NAME[path.stem].model_validate_json(path.read_text(encoding="utf-8"))
    assert type(message).model_validate_json(message.model_dump_json()) == message
    assert "{" not in message.subject


@pytest.mark.parametrize("message", registry(), ids=lambda message: message.type_name())
def test_every_message_has_a_sample_and_a_name_of_its_own(message: type[Message]) -> None:
    assert (SAMPLES / f"{message.type_name()}.json").exists()
    assert BY_NAME[message.type_name()] is message
    assert ".v1." in message.SUBJECT
    assert (message.KIND is Kind.REQUEST) == (".cmd." in message.SUBJECT)


def test_an_id_cannot_smuggle_a_wildcard_into_a_subject() -> None:
    sample = AttemptStartedV1.model_validate_json(
        (SAMPLES / "dialer.v1.attempt.started.json").read_text(encoding="utf-8")
    )
    for bad in ("*", "a.b", ">", "", "a b", "x" * 129):
        with pytest.raises(ValidationError):
            AttemptStartedV1.model_validate(sample.model_dump() | {"attempt_id": bad})


def test_unknown_fields_are_ignored_so_that_older_readers_go_on() -> None:
    raw = (SAMPLES / "dialer.v1.attempt.started.json").read_text(encoding="utf-8")
    newer = raw.replace("{", '{"from_the_future": 1,', 1)
    assert AttemptStartedV1.model_validate_json(newer) == AttemptStartedV1.model_validate_json(raw)


@pytest.mark.parametrize("message", registry(), ids=lambda message: message.type_name())
def test_the_owner_may_publish_or_serve_each_subject(message: type[Message]) -> None:
    owner = message.SUBJECT.split(".")[0]
    user = nats_permissions()["crm_api" if owner == "crm" else owner]
    allowed = user.subscribe if message.KIND is Kind.REQUEST else user.publish
    assert any(_fits(pattern, message.subject_filter()) for pattern in allowed)


def test_no_service_may_publish_another_ones_facts() -> None:
    for message in registry():
        if message.KIND is not Kind.FACT:
            continue
        owner = message.SUBJECT.split(".")[0]
        for name, user in nats_permissions().items():
            if name != ("crm_api" if owner == "crm" else owner):
                assert not any(_fits(p, message.subject_filter()) for p in user.publish), name


def test_the_asyncapi_document_is_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "contracts"), "--check"], capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


def test_the_picture_is_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "picture"), "--check"], capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


def _fits(pattern: str, subject: str) -> bool:
    """NATS matching, where ``*`` in ``subject`` stands for any token."""
    wanted, given = pattern.split("."), subject.split(".")
    for index, part in enumerate(wanted):
        if part == ">":
            return len(given) > index
        if index >= len(given) or part not in ("*", given[index]):
            return False
    return len(wanted) == len(given)
