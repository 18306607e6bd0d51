"""Run one of the benchmarks under bench/, such as ``first-audio``."""

from __future__ import annotations

import argparse
import importlib
import sys

from ringway.cli.places import checkout
from ringway.cli.say import Trouble

HELP = "run a benchmark"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="such as first-audio")
    parser.add_argument("--quick", action="store_true", help="end within 60 s")
    parser.set_defaults(takes_more=True)


def run(arguments: argparse.Namespace) -> int:
    folder = checkout() / "bench"
    known = sorted(
        p.stem.replace("_", "-")
        for p in folder.glob("[a-z]*")
        if p.suffix == ".py" or (p / "__init__.py").is_file()
    )
    if arguments.name not in known:
        raise Trouble(f"There is no bench {arguments.name}; there are: {', '.join(known)}.")
    sys.path.insert(0, str(checkout()))
    module = importlib.import_module(f"bench.{arguments.name.replace('-', '_')}")
    flags = ["--quick"] * arguments.quick + ["--json"] * arguments.json
    return int(module.main([*flags, *arguments.rest]) or 0)
