"""Processes of the CRM API that start at once: copies of one that has read all modules.

Each is a whole process with memory, connections and a death of its own.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_GONE_WITHIN_S = 10.0


class Nursery:
    """The process that has read all modules. Ending it ends its copies."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def fork(self, environment: Mapping[str, str], log: Path) -> int:
        """Start a copy; return its process id."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([dict(environment), str(log)]) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate(timeout=_GONE_WITHIN_S)


class Fork:
    """One copy, which can be killed and started again."""

    def __init__(
        self, name: str, nursery: Nursery, environment: Mapping[str, str], folder: Path
    ) -> None:
        self.name = name
        self.pid = 0
        self._nursery = nursery
        self._environment = environment
        self._log = folder / f"{name}.log"

    @property
    def is_running(self) -> bool:
        return self.pid != 0 and Path(f"/proc/{self.pid}").exists()

    def spawn(self) -> None:
        """Start it and return at once."""
        assert not self.is_running
        self.pid = self._nursery.fork(self._environment, self._log)

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        if not self.is_running:
            return
        os.kill(self.pid, signal.SIGKILL)
        until = time.monotonic() + _GONE_WITHIN_S
        while self.is_running:
            assert time.monotonic() < until
            time.sleep(0.001)
        self.pid = 0

    def log(self) -> str:
        """What it has written."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""


def _breed() -> None:
    from ringway.crm_api.__main__ import run
    from ringway.crm_api.config import Settings
    from ringway.runtime.service import main

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they died
    for line in sys.stdin:
        environment, log = json.loads(line)
        pid = os.fork()
        if pid:
            print(pid, flush=True)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for here, there in ((nothing, 0), (out, 1), (out, 2)):
            os.dup2(here, there)
        os.environ.update(environment)
        main(run, Settings, "crm_api")
        os._exit(0)


if __name__ == "__main__":
    _breed()
