"""Server processes of tests: started, killed, and never left behind."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import Signals

from ringway.cli.part import Check

_START_LIMIT_S = 60.0


class ServerProcess:
    """One server program that can be killed and started again on the same port and data."""

    def __init__(
        self, name: str, argv: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> None:
        self.name = name
        self._argv = _dies_with_us(tuple(argv))
        self._environment = dict(environment)
        self._log = folder / f"{name}.log"
        self._log_from = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def log(self) -> str:
        """What it has written, from :meth:`turn_page` on."""
        if not self._log.exists():
            return ""
        return self._log.read_bytes()[self._log_from :].decode(errors="replace")

    def turn_page(self) -> None:
        """Let the log begin here: what is there already is about another test."""
        self._log_from = self._log.stat().st_size if self._log.exists() else 0

    def spawn(self) -> None:
        """Start the program and return at once."""
        assert not self.is_running
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                self._argv, env=self._environment, stdout=out, stderr=out, cwd="/"
            )

    async def start(self, check: Check) -> None:
        """Start the program and wait until it works; one that ends at once is started again."""
        deadline = time.monotonic() + _START_LIMIT_S
        reason: str | None = "not started"
        while time.monotonic() < deadline:
            if not self.is_running:
                # The children of a killed PostgreSQL hold its shared memory for a moment.
                self.spawn()
            reason = await check()
            if reason is None:
                return
            await asyncio.sleep(0.05)
        raise TimeoutError(f"{self.name} does not start: {reason}\n{self.log()[-2000:]}")

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        self.signal(Signals.SIGKILL)

    def signal(self, number: Signals) -> None:
        """Send a signal that ends the program, and wait until it has ended."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.send_signal(number)
            self._process.wait(timeout=10)

    def send(self, number: Signals) -> None:
        """Send SIGSTOP or SIGCONT, and wait until it has taken effect."""
        assert self._process is not None
        self._process.send_signal(number)
        stat = Path(f"/proc/{self.pid}/stat")
        while (stat.read_text().rpartition(") ")[2][0] == "T") is not (number is Signals.SIGSTOP):
            time.sleep(0.001)


def _dies_with_us(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Have the kernel end the server when this process ends, however it ends."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return argv
    if argv[0] == setpriv:  # changing the user clears the wish, so it goes into the same call
        return (setpriv, "--pdeathsig=QUIT", *argv[1:])
    return (setpriv, "--pdeathsig=QUIT", *argv)
