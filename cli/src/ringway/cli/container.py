"""One part per container: what compose.yaml runs instead of the supervisor.

    ringway run PART        prepare the data folder, wait for what the part needs, become the part
    ringway endpoints       the addresses and the first sign-in, as JSON
    ringway demo ...        what ./ringway demo does, on the containers that run
    ringway admin ...       what ./ringway admin does

The folder is RINGWAY_DATA (default /data), the first port RINGWAY_PORT_BASE.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ringway.cli.__main__ import main as cli
from ringway.cli.healthcheck import complaint
from ringway.cli.installation import INFRASTRUCTURE, Installation
from ringway.cli.part import Part
from ringway.cli.ports import Ports
from ringway.cli.say import Trouble, say

_NEEDS: Mapping[str, Sequence[str]] = {"postgres": (), "nats": (), "asterisk": ("postgres",)}
_PATIENCE_S = 300.0
_ASK_AGAIN_S = 0.5


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
        case ["run", name]:
            # Process 1 is not ended by a signal that it does not handle: here it may be waiting.
            signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
            installation.prepare()
            part = _part(installation, name)
            asyncio.run(_until_it_may_start(installation, name))
            os.execve(part.argv[0], part.argv, dict(part.environment))  # noqa: S606 - no shell wanted
        case ["endpoints"]:
            print(json.dumps(installation.endpoints()))
        case ["demo", *more]:
            return cli(["demo", "--data", str(installation.data), "--no-start", *more])
        case ["admin", *more]:
            return cli(["admin", "--data", str(installation.data), *more])
        case _:
            say(__doc__ or "")
            return 2
    return 0


async def _until_it_may_start(installation: Installation, name: str) -> None:
    """Wait for other containers; Asterisk's own brings the schema up to date.

    Asterisk writes call records into that schema and may not start without it, and the services
    wait for Asterisk: so the schema is there before any of them, without a container for it.
    """
    for other in _NEEDS.get(name, INFRASTRUCTURE):
        await _until_it_works(other, installation.ports)
    if name == "asterisk":
        await installation.postgres.make_roles()
        await installation.migrate()


async def _until_it_works(name: str, ports: Ports) -> None:
    problem: str | None = "not asked yet"
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while problem is not None:
                try:
                    problem = await asyncio.to_thread(complaint, name, ports)
                except OSError as error:
                    problem = str(error)
                if problem is not None:
                    await asyncio.sleep(_ASK_AGAIN_S)
    except TimeoutError:
        raise Trouble(f"{name} did not come up within {_PATIENCE_S:.0f} s: {problem}") from None


def _part(installation: Installation, name: str) -> Part:
    for part in installation.parts():
        if part.name == name:
            return part
    raise Trouble(f"There is no part {name}; there are {', '.join(installation.part_names)}.")


if __name__ == "__main__":
    sys.exit(main())
