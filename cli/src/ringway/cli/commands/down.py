"""Stop everything; no process is left, also when the supervisor was killed."""

from __future__ import annotations

import argparse
import json

from ringway.cli.installation import Installation
from ringway.cli.processes import owned_by
from ringway.cli.say import Trouble, say

HELP = "stop everything"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(arguments: argparse.Namespace) -> int:
    installation = Installation(arguments.data, arguments.port_base)
    before = [process.part for process in owned_by(installation.data)]
    installation.down()
    left = owned_by(installation.data)
    if left:
        names = ", ".join(f"{process.part} (pid {process.pid})" for process in left)
        raise Trouble(f"These would not end: {names}. Are they another user's?")
    say("✓ Everything is stopped" if before else "Nothing was running")
    if arguments.json:
        print(json.dumps({"stopped": before}))
    return 0
