"""One Asterisk node in a container of its own: writes its configuration, then becomes Asterisk.

    python3 -P -m ringway.cli.asterisk_node

The folder is RINGWAY_DATA (default /data). Its settings are ``RINGWAY_ASTERISK_*``; the node's name
is the pod's. Only the standard library is imported, because the image holds nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from ringway.cli import asterisk_config, asterisk_program
from ringway.cli.asterisk_config import AsteriskSettings, CdrDatabase
from ringway.cli.say import Trouble, say

PREFIX = "RINGWAY_ASTERISK_"
REQUIRED = (
    *("NODE", "ARI_PASSWORD_ACD", "ARI_PASSWORD_DIALER", "ARI_PASSWORD_RECORDER"),
    *("PLACEHOLDER_PASSWORD", "CDR_HOST", "CDR_USER", "CDR_PASSWORD"),
)
DEFAULTS = {
    "CDR_PORT": "5432",
    "CDR_DATABASE": "ringway",
    "HTTP_HOST": "0.0.0.0",  # noqa: S104 - a pod's own address; the network policy decides who
    "HTTP_PORT": "8088",
    "SIP_HOST": "0.0.0.0",  # noqa: S104
    "SIP_PORT": "5060",
    "RTP_FIRST": "10000",
    "RTP_LAST": "10799",
}


def main() -> int:
    """Return why Asterisk cannot be started, as an exit code."""
    try:
        become_asterisk()
    except Trouble as trouble:
        say(f"ringway asterisk: {trouble}")
    return 2


def become_asterisk() -> NoReturn:
    """Write the configuration and replace this process by Asterisk.

    Raises:
        Trouble: A setting is wrong, or the image has no Asterisk that is new enough.
    """
    folder = Path(os.environ.get("RINGWAY_DATA", "/data")) / "asterisk"
    settings = settings_from(os.environ)
    program = asterisk_program.on_path()
    if program is None:
        raise Trouble("There is no Asterisk of at least version 22.7 in this image.")
    config = asterisk_config.write(folder, program, settings)
    argv = asterisk_config.command(program, config)
    environment = {"PATH": os.defpath, "TZ": "UTC", "HOME": str(folder)}
    os.execve(argv[0], argv, environment)  # noqa: S606 - no shell wanted


def settings_from(environ: Mapping[str, str]) -> AsteriskSettings:
    """Read the node's settings.

    Raises:
        Trouble: One is missing, or there is one that nobody knows; names it.
    """
    given = {key[len(PREFIX) :]: v for key, v in environ.items() if key.startswith(PREFIX)}
    unknown = sorted(given.keys() - {*REQUIRED, *DEFAULTS})
    if unknown:
        raise Trouble(f"unknown key {PREFIX}{unknown[0]}")
    values = {**DEFAULTS, **given}
    missing = [key for key in REQUIRED if not values.get(key)]
    if missing:
        raise Trouble(f"{PREFIX}{missing[0]} is missing")
    try:
        return AsteriskSettings(
            node=values["NODE"],
            http_host=values["HTTP_HOST"],
            http_port=int(values["HTTP_PORT"]),
            sip_host=values["SIP_HOST"],
            sip_port=int(values["SIP_PORT"]),
            rtp_first=int(values["RTP_FIRST"]),
            rtp_last=int(values["RTP_LAST"]),
            ari_passwords={
                user: values[f"ARI_PASSWORD_{user.upper()}"]
                for user in ("acd", "dialer", "recorder")
            },
            placeholder_password=values["PLACEHOLDER_PASSWORD"],
            cdr=CdrDatabase(
                host=values["CDR_HOST"],
                port=int(values["CDR_PORT"]),
                database=values["CDR_DATABASE"],
                user=values["CDR_USER"],
                password=values["CDR_PASSWORD"],
            ),
        )
    except ValueError as error:
        raise Trouble(f"a port is no number: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
