"""From subject and bytes to a typed message, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

from ringway.proto.base import Fact, Message
from ringway.runtime import telemetry

M = TypeVar("M", bound=Message)

MESSAGE_ID = "Nats-Msg-Id"


class Outgoing(NamedTuple):
    """A message ready to be sent."""

    subject: str
    payload: bytes
    headers: dict[str, str]


def encode(message: Message) -> Outgoing:
    """Return a message as it travels, with its id and the current trace context."""
    return written(message, headers_of(message))


def headers_of(message: Message) -> dict[str, str]:
    """Return a message's id, if it has one that counts, and the current trace context."""
    headers = {MESSAGE_ID: message.message_id} if isinstance(message, Fact) else {}
    telemetry.inject(headers)
    return headers


def written(message: Message, headers: dict[str, str]) -> Outgoing:
    """Return a message as it travels with these headers."""
    return Outgoing(message.subject, message.model_dump_json().encode(), headers)


class Decoder(Generic[M]):
    """Finds the type of a message by its subject and parses it.

    A subject has one token for each token of its type's template, so the literal tokens and
    their places identify the type.
    """

    def __init__(self, types: Iterable[type[M]]) -> None:
        self._types: dict[tuple[int, tuple[int, ...], tuple[str, ...]], type[M]] = {}
        masks = set()
        for each in types:
            tokens = each.SUBJECT.split(".")
            places = tuple(i for i, token in enumerate(tokens) if not token.startswith("{"))
            self._types[len(tokens), places, tuple(tokens[i] for i in places)] = each
            masks.add((len(tokens), places))
        self._masks = tuple(masks)

    def type_of(self, subject: str) -> type[M] | None:
        """Return the type whose template fits, or None."""
        tokens = subject.split(".")
        for count, places in self._masks:
            if count == len(tokens):
                found = self._types.get((count, places, tuple(tokens[i] for i in places)))
                if found is not None:
                    return found
        return None

    def decode(self, subject: str, payload: bytes) -> M:
        """Parse a message.

        Raises:
            ValueError: No type has this subject, the payload does not fit its type, or the
                message names another subject than the one it came on.
        """
        kind = self.type_of(subject)
        if kind is None:
            raise ValueError(f"no type for subject {subject}")
        message = kind.model_validate_json(payload)
        if message.subject != subject:
            # The server checks who may publish what by subject alone, so the payload may not
            # claim another tenant than its subject does.
            raise ValueError(f"the payload belongs to {message.subject}, not to {subject}")
        return message


def tenant_of(template: str, subject: str) -> str:
    """Return the tenant that a concrete subject of ``template`` names."""
    return subject.split(".")[template.split(".").index("{tenant}")]
