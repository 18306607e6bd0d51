"""The ``./ringway`` command line: finds the command, reports trouble, sets the exit code.

Exit codes: 0 done and sound, 1 something is wrong (said on stderr), 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

from ringway.cli.places import checkout
from ringway.cli.say import Trouble, say

_COMMANDS = {
    "up": "ringway.cli.commands.up",
    "status": "ringway.cli.commands.status",
    "down": "ringway.cli.commands.down",
    "logs": "ringway.cli.commands.logs",
    "doctor": "ringway.cli.commands.doctor",
    "nodes": "ringway.cli.commands.nodes",
    "demo": "ringway.cli.demo",
    "test": "ringway.cli.commands.test",
    "bench": "ringway.cli.commands.bench",
    "admin": "ringway.cli.commands.admin",
}


class Command(Protocol):
    """What a command's module offers."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare what the command accepts besides ``--data``, ``--port-base`` and ``--json``."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; return the exit code.

        Raises:
            Trouble: With a message for the operator.
        """


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    words = list(sys.argv[1:] if argv is None else argv)
    commands: dict[str, Command] = {
        name: cast(Command, importlib.import_module(module))
        for name, module in _COMMANDS.items()
        if _is_asked_for(name, words) and importlib.util.find_spec(module)
    }
    parser = _parser(commands)
    arguments, rest = parser.parse_known_args(words)
    if rest and not getattr(arguments, "takes_more", False):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    arguments.rest = rest
    try:
        return int(commands[arguments.command].run(arguments))
    except Trouble as trouble:
        say(f"ringway: {trouble}")
        if arguments.json:
            print(json.dumps({"error": str(trouble)}))
        return 1
    except KeyboardInterrupt:
        say("Interrupted.")
        return 130


def _is_asked_for(name: str, words: Sequence[str]) -> bool:
    """Importing every command for one of them would be felt."""
    asked = next((word for word in words if word in _COMMANDS), None)
    return asked is None or asked == name


def _parser(commands: dict[str, Command]) -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--data",
        type=Path,
        default=checkout() / "var",
        metavar="DIR",
        help="the installation's folder (default: var in the checkout)",
    )
    common.add_argument(
        "--port-base",
        type=int,
        metavar="N",
        help="first of its 1000 ports (default 17000; remembered in its folder)",
    )
    common.add_argument(
        "--json", action="store_true", help="print one JSON object at the end on stdout"
    )
    parser = argparse.ArgumentParser(
        prog="ringway", description="A contact-centre platform on real parts, by one command."
    )
    names = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in commands.items():
        command = names.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            parents=[common],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
