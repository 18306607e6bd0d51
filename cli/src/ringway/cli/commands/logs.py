"""Print the end of a part's log; with -f go on with what is added."""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from pathlib import Path

from ringway.cli.installation import Installation, known_parts
from ringway.cli.say import Trouble

HELP = "print a part's log"
_LOOK_EVERY_S = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("part", metavar="SERVICE", help="a part, such as acd or asterisk")
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what is added")
    parser.add_argument(
        "-n", "--lines", type=int, default=100, metavar="N", help="lines to begin with (100)"
    )


def run(arguments: argparse.Namespace) -> int:
    installation = Installation(arguments.data, arguments.port_base)
    names = known_parts(installation)
    if arguments.part not in names:
        raise Trouble(f"There is no part {arguments.part}; there are {', '.join(names)}.")
    file = installation.log_file(arguments.part)
    if not file.exists() and not arguments.follow:
        raise Trouble(f"{arguments.part} has not written a log yet ({file}).")
    position = _print_end(file, arguments.lines)
    while arguments.follow:
        position = _print_from(file, position)
        time.sleep(_LOOK_EVERY_S)
    return 0


def _print_end(file: Path, lines: int) -> int:
    if not file.exists():
        return 0
    with file.open("rb") as log:
        for line in deque(log, maxlen=max(lines, 0)):
            sys.stdout.buffer.write(line)
        sys.stdout.flush()
        return log.tell()


def _print_from(file: Path, position: int) -> int:
    if not file.exists():
        return 0
    with file.open("rb") as log:
        # A log that got shorter was rotated: it begins again.
        log.seek(position if position <= file.stat().st_size else 0)
        sys.stdout.buffer.write(log.read())
        sys.stdout.flush()
        return log.tell()
