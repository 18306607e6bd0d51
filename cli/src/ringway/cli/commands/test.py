"""Check everything: lint, types, imports between members, then the tests from unit to e2e.

With arguments only pytest runs, with these arguments. ``--soak`` adds the long runs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from ringway.cli import asterisk_program, prompts
from ringway.cli.places import checkout
from ringway.cli.say import Trouble, say

HELP = "check everything: lint, types, tests"
# Decisions live in the cores, so their tests leave little of them out.
_CORE_COVERAGE_PCT = 90
_WORKERS = 2
_WAITING_WORKERS = 3  # tests on real parts mostly wait


@dataclass(frozen=True, slots=True)
class Check:
    """One command of the whole."""

    name: str
    argv: tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--soak", action="store_true", help="run the long tests, too")
    parser.set_defaults(takes_more=True)


def run(arguments: argparse.Namespace) -> int:
    soak = ("--soak",) if arguments.soak else ()
    if arguments.rest:
        checks: Sequence[Check] = [Check("tests", _pytest(*arguments.rest, *soak))]
    else:
        checks = [*_static(), *_tests(soak)]
    _get_ready()
    failed = []
    took_s = {}
    for check in checks:
        say(f"\n━━ {check.name}: {' '.join(_short(check.argv))}")
        started = monotonic()
        code = subprocess.run(
            check.argv,
            cwd=checkout(),
            env={**os.environ, "PYTHONASYNCIODEBUG": "0"},
            # stdout is kept for the JSON object at the end.
            stdout=sys.stderr if arguments.json else None,
            check=False,
        ).returncode
        took_s[check.name] = round(monotonic() - started, 1)
        say(f"━━ {check.name} {'passed' if code == 0 else 'FAILED'} in {took_s[check.name]} s")
        if code != 0:
            failed.append(check.name)
    if arguments.json:
        print(json.dumps({"ok": not failed, "failed": failed, "took_s": took_s}))
    elif failed:
        say(f"\nFailed: {', '.join(failed)}")
    return 1 if failed else 0


def _get_ready() -> None:
    """Fetch and make what is missing on this machine before a test's time runs."""
    try:
        prompts.find_or_make(asterisk_program.find_or_fetch().data_dir)
    except Trouble as trouble:
        say(f"! {trouble}")


def _static() -> list[Check]:
    return [
        Check("lint", (_tool("ruff"), "check", ".")),
        Check("format", (_tool("ruff"), "format", "--check", ".")),
        Check("types", (_tool("mypy"),)),
        Check("imports", (_tool("lint-imports"),)),
    ]


def _tests(soak: Sequence[str]) -> list[Check]:
    pure = "unit or property or contract"
    # A worker takes whole modules, so that fixtures are shared, in the order of tests/conftest.py.
    # Calls of a whole platform keep the machine to themselves: their times are asserted.
    spread = ("--dist", "loadfile", "--no-loadscope-reorder")
    parallel = ("-n", str(_WORKERS), *spread)
    waiting = ("-n", str(_WAITING_WORKERS), *spread)
    return [
        Check(
            "pure tests", _pytest("-m", pure, *parallel, "--cov", "--cov-branch", "--cov-report=")
        ),
        Check(
            "coverage of the cores",
            (
                *(sys.executable, "-m", "coverage", "report", "--include=*/core/*"),
                *("--skip-covered", "--show-missing", f"--fail-under={_CORE_COVERAGE_PCT}"),
            ),
        ),
        Check(
            "tests on real parts",
            _pytest("-m", f"not ({pure} or e2e)", *waiting, "--durations=10", *soak),
        ),
        Check("calls end to end", _pytest("-m", "e2e", "--durations=10", *soak)),
    ]


def _pytest(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "pytest", *arguments)


def _tool(name: str) -> str:
    return str(Path(sys.prefix) / "bin" / name)


def _short(argv: Sequence[str]) -> list[str]:
    return [Path(argv[0]).name, *argv[1:]]
