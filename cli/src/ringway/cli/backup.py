"""One file with everything that cannot be made again: the database and the recordings."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ringway.cli import control, processes
from ringway.cli.credentials import DATABASE_ADMIN
from ringway.cli.installation import Installation, environment_of
from ringway.cli.postgres_part import DATABASE, binaries
from ringway.cli.say import Trouble, step
from ringway.runtime.clock import utcnow

_FORMAT = 1
_DUMP, _MANIFEST, _RECORDINGS = "database.dump", "manifest.json", "recordings"
_DATABASE_LIMIT_S = 60.0


def make(installation: Installation, target: Path) -> dict[str, Any]:
    """Write a backup; the installation may be running or not. Return its manifest.

    The file appears under its name only when it is complete.

    Raises:
        Trouble: The file exists, or the database could not be read.
    """
    if target.exists():
        raise Trouble(f"{target} exists already; nothing is overwritten.")
    if not (installation.data / "postgres").exists():
        raise Trouble(f"There is no installation in {installation.data}.")
    with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".backup-") as scratch:
        dump = Path(scratch) / _DUMP
        with step("Dumping the database"):
            asyncio.run(_with_database(installation, "pg_dump", "-Fc", "-f", str(dump), DATABASE))
        manifest = {"format": _FORMAT, "made_at": utcnow().isoformat(timespec="seconds")}
        listing = Path(scratch) / _MANIFEST
        listing.write_text(json.dumps(manifest))
        packed = Path(scratch) / "packed"
        with step("Packing the recordings"), tarfile.open(packed, "w") as archive:
            archive.add(listing, _MANIFEST)
            archive.add(dump, _DUMP)
            archive.add(installation.data / "recordings", _RECORDINGS)
        packed.chmod(0o600)
        os.replace(packed, target)
    return {**manifest, "file": str(target), "bytes": target.stat().st_size}


def restore(installation: Installation, source: Path) -> dict[str, Any]:
    """Put a backup in the place of what the installation has. It must be stopped.

    What waited on the message bus belongs to the replaced database and is dropped.

    Raises:
        Trouble: The installation runs, or the file is no backup, or is damaged.
    """
    if processes.owned_by(installation.data):
        raise Trouble("Stop the installation first: `./ringway down`.")
    if not source.exists():
        raise Trouble(f"{source} does not exist.")
    installation.prepare()
    with tempfile.TemporaryDirectory(dir=installation.data, prefix=".restore-") as folder:
        scratch = Path(folder)
        with step("Unpacking"):
            manifest = unpack(source, scratch)
        with step("Restoring the database"):
            asyncio.run(_replace_database(installation, scratch / _DUMP))
        old = scratch / "old-recordings"
        recordings = installation.data / "recordings"
        recordings.rename(old)
        (scratch / _RECORDINGS).rename(recordings)
        shutil.rmtree(installation.data / "nats" / "jetstream", ignore_errors=True)
    return manifest


def unpack(source: Path, scratch: Path) -> dict[str, Any]:
    try:
        with tarfile.open(source) as archive:
            archive.extractall(scratch, filter="data")
        manifest = dict(json.loads((scratch / _MANIFEST).read_text()))
    except (tarfile.TarError, OSError, ValueError) as error:
        raise Trouble(f"{source} is no backup of Ringway or is damaged: {error}") from error
    if manifest.get("format") != _FORMAT:
        raise Trouble(f"{source} has format {manifest.get('format')}, this release reads {_FORMAT}")
    return manifest


async def _replace_database(installation: Installation, dump: Path) -> None:
    async with database(installation):
        conn = await installation.postgres.connect_as_admin("postgres")
        try:
            await conn.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        finally:
            await conn.close()
        await installation.postgres.make_roles()
        await asyncio.to_thread(
            _client, installation, "pg_restore", "--exit-on-error", "-d", DATABASE, str(dump)
        )
        # A backup of an older release is brought up to date.
        await installation.migrate()


async def _with_database(installation: Installation, program: str, *arguments: str) -> None:
    async with database(installation):
        await asyncio.to_thread(_client, installation, program, *arguments)


def _client(installation: Installation, program: str, *arguments: str) -> None:
    port = str(installation.ports.postgres)
    done = subprocess.run(
        (
            *(str(binaries() / program), "-h", "127.0.0.1", "-p", port),
            *("-U", DATABASE_ADMIN, "--no-password", *arguments),
        ),
        env={
            "PATH": os.defpath,
            "LC_ALL": "C",
            "PGPASSWORD": installation.credentials.postgres[DATABASE_ADMIN],
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Trouble(f"{program} failed: {done.stderr.strip()[-800:]}")


@asynccontextmanager
async def database(installation: Installation) -> AsyncIterator[None]:
    """Use the running database, or run it alone for the time of the block."""
    if control.supervisor_of(installation.data) is not None:
        yield
        return
    installation.prepare()
    installation.check_ports()
    part = installation.postgres.part()
    log_file = installation.log_file(part.name)
    environment = environment_of(installation.data, part)
    process = processes.start(part.argv, environment, log_file, part.name, part.spec)
    try:
        async with asyncio.timeout(_DATABASE_LIMIT_S):
            problem = await part.is_ready()
            while problem is not None:
                if not processes.is_alive(process):
                    raise Trouble(f"PostgreSQL does not start ({problem}); see {log_file}")
                await asyncio.sleep(0.1)
                problem = await part.is_ready()
        yield
    finally:
        await processes.stop(process, part.stop_signal, part.stop_grace_s)
        installation.tidy()
