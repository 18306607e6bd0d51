"""Settings: one frozen model per service; a missing, invalid or misspelt key stops the start.

A field ``drain_timeout_s`` of the ACD is read from ``RINGWAY_ACD_DRAIN_TIMEOUT_S``, or from the
TOML file that ``RINGWAY_ACD_CONFIG`` names; the environment wins. Lists and objects are JSON in
the environment.
"""

from __future__ import annotations

import difflib
import os
import tomllib
import types
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

_CONFIG = "CONFIG"


class SettingsInvalid(Exception):
    """The message names every key that is wrong, and the closest valid one where it helps."""


class AriNodeSettings(BaseModel):
    """One Asterisk node.

    ``url`` is its HTTP base, such as ``http://127.0.0.1:17004``. ``sip`` is ``host:port`` at which
    the other nodes reach it by SIP; needed when there are several.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    url: str
    username: str
    password: SecretStr
    sip: str = Field(default="", pattern=r"^([A-Za-z0-9.-]+:[0-9]{1,5})?$")


class ServiceSettings(BaseModel):
    """What every service needs. A service that needs no database overrides ``postgres_dsn``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    postgres_dsn: str
    nats_url: str
    nats_user: str
    nats_password: SecretStr
    replica: str = Field(default="0", pattern=r"^[A-Za-z0-9_-]{1,32}$")
    health_host: str = "127.0.0.1"
    health_port: int = Field(ge=0, le=65535)
    log_level: str = Field(default="INFO", pattern=r"^(?i:debug|info|warning|error|critical)$")
    otlp_endpoint: str | None = None
    drain_timeout_s: float = Field(default=10, ge=0)
    ari_nodes: tuple[AriNodeSettings, ...] = ()


S = TypeVar("S", bound=BaseModel)


def load_settings(model: type[S], *, service: str, environ: Mapping[str, str] | None = None) -> S:
    """Read a service's settings from the environment and its file.

    Args:
        model: The settings model of the service.
        service: Its name, such as ``crm_api``; the prefix is ``RINGWAY_CRM_API_``.
        environ: Instead of the process's environment, for tests.

    Raises:
        SettingsInvalid: A key is unknown, missing, or its value does not fit.
    """
    env = os.environ if environ is None else environ
    prefix = f"RINGWAY_{service.upper()}_"
    given = {key[len(prefix) :]: value for key, value in env.items() if key.startswith(prefix)}
    names = {name.upper(): name for name in model.model_fields}
    file = given.pop(_CONFIG, None)
    values = _read_file(Path(file), names.values()) if file else {}

    problems = []
    for key, raw in sorted(given.items()):
        name = names.get(key)
        if name is None:
            hint = _closest(key, [*names, _CONFIG])
            problems.append(f"unknown key {prefix}{key}{_did_you_mean(prefix, hint)}")
            continue
        try:
            values[name] = _from_text(model.model_fields[name].annotation, raw)
        except orjson.JSONDecodeError as error:
            problems.append(f"{prefix}{key} must be JSON: {error}")
    if problems:
        raise SettingsInvalid("; ".join(problems))
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise SettingsInvalid("; ".join(_explain(error, prefix))) from None


def _read_file(path: Path, names: Iterable[str]) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsInvalid(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{path} is not TOML: {error}") from error
    known = set(names)
    unknown = [
        f"unknown key {key} in {path}{_did_you_mean('', _closest(key, known))}"
        for key in sorted(values)
        if key not in known
    ]
    if unknown:
        raise SettingsInvalid("; ".join(unknown))
    return values


def _closest(key: str, valid: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(key, list(valid), n=1, cutoff=0.5)), None)


def _did_you_mean(prefix: str, key: str | None) -> str:
    return f", did you mean {prefix}{key}?" if key else ""


def _from_text(annotation: Any, raw: str) -> Any:
    """Return ``raw`` as pydantic shall see it: parsed JSON for containers, else the text."""
    return orjson.loads(raw) if _is_container(annotation) else raw


def _is_container(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _is_container(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return any(_is_container(arg) for arg in get_args(annotation))
    kind = origin or annotation
    return isinstance(kind, type) and issubclass(
        kind, (list, tuple, dict, set, frozenset, Mapping, BaseModel)
    )


def _explain(error: ValidationError, prefix: str) -> Iterable[str]:
    """Name each wrong key without its value: it may be a secret."""
    for detail in error.errors(include_input=False, include_url=False):
        head, *rest = (str(part) for part in detail["loc"]) if detail["loc"] else ("",)
        where = f"{prefix}{head.upper()}" + "".join(f".{part}" for part in rest)
        yield f"{where}: {detail['msg'][:1].lower()}{detail['msg'][1:]}"
