"""Set up what is missing, start everything, and print the addresses and the first sign-in."""

from __future__ import annotations

import argparse
import json
import signal
import time
from types import FrameType

from ringway.cli import control, processes
from ringway.cli.installation import Installation
from ringway.cli.say import Trouble, say

HELP = "start everything"
_LOOK_EVERY_S = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--detach", action="store_true", help="return when all is ready, and leave it running"
    )
    parser.add_argument(
        "--replicas",
        type=int,
        metavar="N",
        help="processes of the ACD and of the dialer (default 1; remembered in its folder)",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=120,
        metavar="S",
        help="seconds until everything must be ready (default 120)",
    )


def run(arguments: argparse.Namespace) -> int:
    installation = Installation(arguments.data, arguments.port_base, arguments.replicas)
    was_running = control.supervisor_of(installation.data) is not None
    stay = not arguments.detach and not was_running
    interrupted = _Interrupted()
    if stay:
        interrupted.watch()
    try:
        installation.up(timeout_s=arguments.timeout)
        _print(installation, arguments.json)
        if was_running:
            say("It was running already. `./ringway down` stops it.")
        if stay:
            say("Ctrl-C stops everything.")
            _stay(installation)
    except KeyboardInterrupt:
        if not stay:
            raise
        interrupted.ignore()
        installation.down()
        say("✓ Everything is stopped")
    return 0


def _stay(installation: Installation) -> None:
    supervisor = control.supervisor_of(installation.data)
    while supervisor is not None and processes.is_alive(supervisor):
        time.sleep(_LOOK_EVERY_S)
    if any(installation.part_pid(name) for name in installation.part_names):
        raise Trouble("The supervisor is gone, parts still run: `./ringway up` takes them over.")
    say("It was stopped from elsewhere.")


class _Interrupted:
    """Makes the end of the terminal or of our own process as good as Ctrl-C."""

    def watch(self) -> None:
        # SIGINT too: a shell in the background starts its commands with it ignored.
        for what in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(what, self._interrupt)

    def ignore(self) -> None:
        for what in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(what, signal.SIG_IGN)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt


def _print(installation: Installation, as_json: bool) -> None:
    endpoints = installation.endpoints()
    if as_json:
        print(json.dumps(endpoints), flush=True)
        return
    admin = endpoints["platform_admin"]
    print(
        f"\n  console   {endpoints['console']}\n"
        f"  API       {endpoints['api']}\n"
        f"  SIP       {endpoints['sip']} (UDP, TCP), {endpoints['sip_ws']}\n"
        f"  NATS      {endpoints['nats']}\n"
        f"  sign in   {admin['username']} / {admin['password']}\n",
        flush=True,
    )
