"""A real Asterisk for one test: SIP on loopback, ARI users acd, dialer and recorder.

Use it as::

    async with real_asterisk(tmp_path) as asterisk:
        node = AriNodeSettings(name=asterisk.node, url=asterisk.ari_url, username="acd", ...)
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from tests.support.ports import free_range
from tests.support.waiting import eventually

from ringway.cli import asterisk_config, asterisk_program
from ringway.cli.asterisk_config import AsteriskSettings, CdrDatabase

_PORTS = 200
_START_LIMIT_S = 60.0


@dataclass(slots=True)
class RealAsterisk:
    """One Asterisk node. ``kill`` and ``start`` keep ports, accounts' contacts and recordings."""

    folder: Path
    settings: AsteriskSettings
    username: str = "acd"
    """The ARI user of ``password``; the others are in ``passwords``."""
    # No child of an event loop: several tests, each with its own loop, may share it.
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def node(self) -> str:
        return self.settings.node

    @property
    def ari_url(self) -> str:
        """Address without a path: ARI is below ``/ari``, SIP over WebSocket at ``/ws``."""
        return f"http://127.0.0.1:{self.settings.http_port}"

    @property
    def sip_ws(self) -> str:
        return f"ws://127.0.0.1:{self.settings.http_port}/ws"

    @property
    def sip_port(self) -> int:
        return self.settings.sip_port

    @property
    def tls_port(self) -> int:
        """A port for SIP over TLS, which nothing listens on unless ``tls`` was asked for."""
        return self.settings.sip_port + 1

    @property
    def passwords(self) -> Mapping[str, str]:
        return self.settings.ari_passwords

    @property
    def password(self) -> str:
        return self.passwords[self.username]

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def recordings(self) -> Path:
        """The folder in which Asterisk stores recordings."""
        return self.folder / "spool" / "recording"

    @property
    def log(self) -> str:
        return (self.folder / "asterisk.log").read_text(errors="replace")

    async def start(self) -> None:
        """Start Asterisk and return when ARI answers."""
        self._spawn()
        async with asyncio.timeout(_START_LIMIT_S), self.http() as session:
            while not await self._answers(session):
                if self.pid is None:
                    raise RuntimeError(f"Asterisk ended at start:\n{self.log[-2000:]}")
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """End Asterisk as a crash would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """End Asterisk as an operator would, calls or no calls."""
        await self._end(signal.SIGTERM)

    async def end(self) -> None:
        """Stop it and take away what it leaves outside its folder."""
        await self.stop()
        asterisk_config.tidy(self.folder)

    def freeze(self) -> None:
        """Stop the process without closing its sockets, as a hung machine would."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        if self.pid is not None:
            os.kill(self.pid, signal.SIGCONT)

    async def command(self, line: str) -> str:
        """Run one line of Asterisk's own command line interface and return what it prints."""
        program = asterisk_program.find_or_fetch()
        done = await asyncio.create_subprocess_exec(
            *program.argv,
            *("-C", str(self.folder / "etc" / "asterisk.conf"), "-rx", line),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await done.communicate()
        return out.decode(errors="replace")

    def http(self, username: str | None = None) -> aiohttp.ClientSession:
        """Return a plain HTTP session signed in as an ARI user, for looking from the outside."""
        user = username or self.username
        credentials = aiohttp.encode_basic_auth(user, self.passwords[user])
        return aiohttp.ClientSession(headers={"Authorization": credentials})

    def _spawn(self) -> None:
        program = asterisk_program.find_or_fetch()
        config = asterisk_config.write(self.folder, program, self.settings)
        with (self.folder / "asterisk.log").open("ab") as log:
            self._process = subprocess.Popen(
                asterisk_config.command(program, config),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.ari_url}/ari/asterisk/ping") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def _end(self, with_signal: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(with_signal)
        try:
            await eventually(lambda: process.poll() is not None, within_s=5)
        except TimeoutError:
            process.kill()
            process.wait()


def new_asterisk(
    folder: Path,
    *,
    node: str = "ast-0",
    username: str = "acd",
    cdr: CdrDatabase | None = None,
) -> RealAsterisk:
    """Return an Asterisk on free ports below ``folder`` that is not started yet."""
    first = free_range(_PORTS)
    return RealAsterisk(
        folder / node,
        AsteriskSettings(
            node=node,
            http_port=first,
            sip_port=first + 1,
            rtp_first=first + 10,
            rtp_last=first + _PORTS - 1,
            ari_passwords={user: f"{user}-secret" for user in ("acd", "dialer", "recorder")},
            placeholder_password="placeholder-secret",
            cdr=cdr,
        ),
        username,
    )


@asynccontextmanager
async def real_asterisk(
    folder: Path,
    *,
    node: str = "ast-0",
    username: str = "acd",
    cdr: CdrDatabase | None = None,
    tls: bool = False,
    pjsip: str = "",
    extensions: str = "",
) -> AsyncIterator[RealAsterisk]:
    """Start an Asterisk on free ports below ``folder``; it is ended with the block.

    Args:
        tls: SIP over TLS, too, with a certificate that nobody signed.
        pjsip: What an operator adds to ``pjsip.conf``.
        extensions: What an operator adds to ``extensions.conf``.
    """
    asterisk = new_asterisk(folder, node=node, username=username, cdr=cdr)
    if tls:
        pjsip = await _tls_transport(asterisk) + pjsip
    etc = asterisk.folder / "etc"
    etc.mkdir(parents=True, exist_ok=True)
    for name, text in (("pjsip", pjsip), ("extensions", extensions)):
        if text:
            (etc / f"{name}_local.conf").write_text(text)
    try:
        await asterisk.start()
        yield asterisk
    finally:
        await asterisk.end()


async def _tls_transport(asterisk: RealAsterisk) -> str:
    """Make a certificate and return the transport that shows it."""
    asterisk.folder.mkdir(parents=True, exist_ok=True)
    key, certificate = asterisk.folder / "sip.key", asterisk.folder / "sip.crt"
    made = await asyncio.create_subprocess_exec(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-nodes", "-subj", f"/CN={asterisk.node}", "-days", "2"),
        *("-keyout", str(key), "-out", str(certificate)),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await made.wait() == 0
    return f"""
[transport-tls]
type = transport
protocol = tls
bind = 127.0.0.1:{asterisk.tls_port}
cert_file = {certificate}
priv_key_file = {key}
method = tlsv1_2

"""
