"""`./ringway up` in the foreground, as an operator sees it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.ports import free_port_base

from ringway.cli.installation import Installation
from ringway.cli.places import socket_dir
from ringway.cli.processes import owned_by

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(150),  # starts every real part, on a busy machine
]


def test_the_end_of_up_is_the_end_of_everything(tmp_path: Path) -> None:
    # Too deep for sockets, so they are elsewhere.
    data, base = tmp_path / ("deep" * 20), free_port_base()
    sockets = [socket_dir(data / part / "run") for part in ("postgres", "asterisk")]
    up = subprocess.Popen(
        (
            *(sys.executable, "-P", "-m", "ringway.cli", "up", "--json"),
            *("--data", str(data), "--port-base", str(base)),
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert up.stdout is not None
    with up.stdout:
        told = json.loads(up.stdout.readline())
        assert told["api"] == f"http://127.0.0.1:{base}/api/v1"
        assert told["platform_admin"]["username"] == "admin"
        installation = Installation(data)
        assert {p.part for p in owned_by(data)} == {"supervisor", *installation.part_names}
        assert all(any(folder.iterdir()) for folder in sockets)
        up.send_signal(signal.SIGINT)
        assert up.wait(timeout=60) == 0
    assert owned_by(data) == []
    assert not any(folder.exists() for folder in sockets)
