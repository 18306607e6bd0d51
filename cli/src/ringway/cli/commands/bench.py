"""Run one of the benchmarks under bench/, such as ``first-audio``."""

from __future__ import annotations

import argparse
import importlib.util
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
    file = folder / f"{arguments.name.replace('-', '_')}.py"
    known = sorted(p.stem.replace("_", "-") for p in folder.glob("[a-z]*.py"))
    if arguments.name not in known:
        raise Trouble(f"There is no bench {arguments.name}; there are: {', '.join(known)}.")
    sys.path.insert(0, str(checkout()))
    spec = importlib.util.spec_from_file_location(f"bench.{file.stem}", file)
    if spec is None or spec.loader is None:
        raise Trouble(f"{file} cannot be loaded.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    flags = ["--quick"] * arguments.quick + ["--json"] * arguments.json
    return int(module.main([*flags, *arguments.rest]) or 0)
