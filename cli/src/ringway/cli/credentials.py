"""An installation's secrets: made at its first start, kept in one private file."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVICES = ("recorder", "acd", "dialer", "trainer", "crm_api")
DATABASE_ADMIN = "ringway_admin"
DATABASE_OWNER = "ringway_owner"
SERVICE_ROLES = ("acd", "dialer", "recorder", "crm_api", "asterisk")
"""Each has a login role ``ringway_<name>``, neither owner nor superuser."""
ARI_USERS = ("acd", "dialer", "recorder")
NATS_USERS = (*SERVICES, "cli")
PLATFORM_ADMIN = "admin"
"""The first sign-in; crm_api makes this user at its first start."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Passwords by user, and the keys that sign tokens and media addresses."""

    postgres: Mapping[str, str]
    nats: Mapping[str, str]
    ari: Mapping[str, str]
    placeholder: str
    token_secret: str
    media_secret: str
    platform_admin_password: str


def load_or_make(file: Path) -> Credentials:
    """Read the secrets; what is missing is made up and added, what is there never changes."""
    kept: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    roles = (DATABASE_ADMIN, DATABASE_OWNER, *(f"ringway_{name}" for name in SERVICE_ROLES))
    made: dict[str, Any] = {
        "postgres": {role: _password() for role in roles},
        "nats": {user: _password() for user in NATS_USERS},
        "ari": {user: _password() for user in ARI_USERS},
        "placeholder": _password(),
        "token_secret": secrets.token_hex(32),
        "media_secret": secrets.token_hex(32),
        "platform_admin_password": secrets.token_urlsafe(15),
    }
    for key, value in made.items():
        if isinstance(value, dict):
            made[key] = value | kept.get(key, {})
        else:
            made[key] = kept.get(key, value)
    if made != kept:
        _write_private(file, json.dumps(made, indent=2) + "\n")
    return Credentials(**made)


def replace_platform_admin_password(file: Path, password: str) -> None:
    """Remember a new first sign-in, so that ``up`` does not print one that no longer works."""
    kept = json.loads(file.read_text())
    _write_private(file, json.dumps(kept | {"platform_admin_password": password}, indent=2) + "\n")


def _password() -> str:
    # Hexadecimal needs no quoting in an address, an SQL text or a configuration file.
    return secrets.token_hex(16)


def _write_private(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_suffix(".new")
    scratch.touch(mode=0o600)
    scratch.write_text(text)
    os.replace(scratch, file)
