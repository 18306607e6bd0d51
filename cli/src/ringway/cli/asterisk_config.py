"""Asterisk's configuration of one installation, made from the templates in ``asterisk/``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ringway.cli import prompts
from ringway.cli.asterisk_program import AsteriskProgram
from ringway.cli.places import checkout, remove_socket_dir, socket_dir

_WORD = re.compile(r"@([A-Z][A-Z0-9_]*)@")


@dataclass(frozen=True, slots=True)
class CdrDatabase:
    """Where Asterisk itself writes its call detail records."""

    host: str
    port: int
    database: str
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class AsteriskSettings:
    """What differs from one Asterisk node to the next."""

    node: str
    http_port: int
    sip_port: int
    rtp_first: int
    rtp_last: int
    ari_passwords: Mapping[str, str]
    """By ARI user: acd, dialer, recorder."""
    placeholder_password: str
    cdr: CdrDatabase | None
    http_host: str = "127.0.0.1"
    sip_host: str = "127.0.0.1"


class UnknownWord(Exception):
    """A template asks for a word that has no value."""


def fill(template: str, words: Mapping[str, str]) -> str:
    """Replace every ``@WORD@``.

    Raises:
        UnknownWord: The template names a word that ``words`` lacks.
    """

    def value(found: re.Match[str]) -> str:
        if found[1] not in words:
            raise UnknownWord(found[1])
        return words[found[1]]

    return _WORD.sub(value, template)


def write(folder: Path, program: AsteriskProgram, settings: AsteriskSettings) -> Path:
    """Write all configuration below ``folder`` and return the path of ``asterisk.conf``.

    Safe to repeat: what Asterisk itself stores there (recordings, its database) is left alone.
    """
    etc, run = folder / "etc", socket_dir(folder / "run")
    for part in ("etc", "lib/keys", "log", "spool/recording", "spool/tmp", "spool/monitor"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    run.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = _data_dir(folder / "share", program.data_dir)
    words = {
        "ETC_DIR": str(etc),
        "MODULE_DIR": str(program.module_dir),
        "VAR_DIR": str(folder / "lib"),
        "DATA_DIR": str(data),
        "SPOOL_DIR": str(folder / "spool"),
        "RUN_DIR": str(run),
        "LOG_DIR": str(folder / "log"),
        "NODE": settings.node,
        "HTTP_HOST": settings.http_host,
        "HTTP_PORT": str(settings.http_port),
        "SIP_HOST": settings.sip_host,
        "SIP_PORT": str(settings.sip_port),
        "RTP_FIRST": str(settings.rtp_first),
        "RTP_LAST": str(settings.rtp_last),
        "PLACEHOLDER_PASSWORD": settings.placeholder_password,
        "CDR_MODULE": "require => cdr_pgsql.so" if settings.cdr else "; no call detail records",
        **{f"ARI_PASSWORD_{user.upper()}": word for user, word in settings.ari_passwords.items()},
    }
    if settings.cdr is not None:
        words |= {
            "CDR_HOST": settings.cdr.host,
            "CDR_PORT": str(settings.cdr.port),
            "CDR_DATABASE": settings.cdr.database,
            "CDR_USER": settings.cdr.user,
            "CDR_PASSWORD": settings.cdr.password,
        }
    for template in sorted((checkout() / "asterisk").glob("*.conf")):
        target = etc / template.name
        if template.name == "cdr_pgsql.conf" and settings.cdr is None:
            target.unlink(missing_ok=True)
            continue
        _write_private(target, fill(template.read_text(encoding="utf-8"), words))
    return etc / "asterisk.conf"


def tidy(folder: Path) -> None:
    """Remove what ``write`` made outside ``folder``. Asterisk must have ended."""
    remove_socket_dir(folder / "run")


def command(program: AsteriskProgram, config: Path) -> tuple[str, ...]:
    """Return the command that runs Asterisk in the foreground without a terminal."""
    return (*program.argv, "-C", str(config), "-f", "-n")


def _data_dir(folder: Path, origin: Path) -> Path:
    """Make a data folder that is Asterisk's own, with recordings under the language's name.

    Ringway's own prompts are beside them: Asterisk finds ``ringway/zh/closed`` in any language.
    """
    (folder / "sounds").mkdir(parents=True, exist_ok=True)
    for entry in origin.iterdir():
        if entry.name != "sounds":
            _link(folder / entry.name, entry)
    recordings = prompts.english_recordings(origin)
    if recordings is not None:
        _link(folder / "sounds" / "en", recordings.resolve())
    spoken = prompts.find_or_make(origin)
    if spoken is not None:
        _link(folder / "sounds" / "ringway", spoken.resolve())
    return folder


def _link(at: Path, to: Path) -> None:
    if at.is_symlink() and at.readlink() == to:
        return
    at.unlink(missing_ok=True)
    at.symlink_to(to)


def _write_private(target: Path, text: str) -> None:
    # The files hold passwords. A crash in the middle must not leave half a file.
    scratch = target.with_suffix(".new")
    scratch.touch(mode=0o600)
    scratch.write_text(text, encoding="utf-8")
    os.replace(scratch, target)
