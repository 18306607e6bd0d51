"""One part per container: what compose.yaml runs instead of the supervisor.

    python -m ringway.cli.container fetch         while the image is built: Asterisk into its cache
    python -m ringway.cli.container prepare       once: secrets, configuration, database cluster
    python -m ringway.cli.container database      once, beside PostgreSQL: roles and migrations
    python -m ringway.cli.container run PART      the part itself, in the place of this process
    python -m ringway.cli.container check PART    exit code 0 when the part works
    python -m ringway.cli.container endpoints     the addresses and the first sign-in, as JSON

The folder is RINGWAY_DATA (default /data), the first port RINGWAY_PORT_BASE.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ringway.cli import asterisk_program
from ringway.cli.installation import Installation
from ringway.cli.part import Part
from ringway.cli.say import Trouble, say


def main(argv: Sequence[str] | None = None) -> int:
    """Do one thing for one container; return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    base = os.environ.get("RINGWAY_PORT_BASE")
    installation = Installation(
        Path(os.environ.get("RINGWAY_DATA", "/data")), int(base) if base else None
    )
    try:
        return _do(installation, words)
    except Trouble as trouble:
        say(f"ringway: {trouble}")
        return 1


def _do(installation: Installation, words: Sequence[str]) -> int:
    match words:
        case ["fetch"]:
            asterisk_program.find_or_fetch()
        case ["prepare"]:
            installation.prepare()
        case ["database"]:
            asyncio.run(_database(installation))
        case ["run", name]:
            part = _part(installation, name)
            os.execve(part.argv[0], part.argv, dict(part.environment))  # noqa: S606 - no shell wanted
        case ["check", name]:
            problem = asyncio.run(_check(_part(installation, name)))
            if problem is not None:
                say(problem)
                return 1
        case ["endpoints"]:
            print(json.dumps(installation.endpoints()))
        case _:
            say(__doc__ or "")
            return 2
    return 0


async def _database(installation: Installation) -> None:
    await installation.postgres.make_roles()
    await installation.migrate()


async def _check(part: Part) -> str | None:
    return await part.is_ready()


def _part(installation: Installation, name: str) -> Part:
    for part in installation.parts():
        if part.name == name:
            return part
    raise Trouble(f"There is no part {name}; there are {', '.join(installation.part_names)}.")


if __name__ == "__main__":
    sys.exit(main())
