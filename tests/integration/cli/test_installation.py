"""A whole installation on real parts: what survives a kill, what a stop leaves behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest
from tests.support.ports import free_port_base
from tests.support.stack import running_installation

from ringway.cli import control, processes
from ringway.cli.installation import INFRASTRUCTURE, Installation
from ringway.cli.places import socket_dir
from ringway.cli.say import Trouble

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(120, func_only=True),  # starts every real part, on a busy machine
]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    # Too deep for sockets, so they are elsewhere.
    with running_installation(tmp_path_factory.mktemp("deep" * 20)) as running:
        yield running


def until(check: Callable[[], bool], within_s: float = 30) -> None:
    limit = monotonic() + within_s
    while not check():
        assert monotonic() < limit, "not in time"
        sleep(0.05)


def pids(installation: Installation) -> dict[str, int | None]:
    return {name: installation.part_pid(name) for name in installation.part_names}


def is_all_running(installation: Installation) -> bool:
    report = control.report_of(installation.data)
    return report is not None and all(
        part.state == "running" and not part.problem for part in report.parts.values()
    )


def test_up_again_changes_nothing(installation: Installation) -> None:
    before = pids(installation)
    assert all(before.values())
    installation.up()
    assert pids(installation) == before


@pytest.mark.parametrize("name", INFRASTRUCTURE)
def test_a_killed_part_comes_back(installation: Installation, name: str) -> None:
    pid = installation.part_pid(name)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: installation.part_pid(name) not in (None, pid))
    until(lambda: is_all_running(installation))


def test_what_is_left_of_a_killed_supervisor_is_adopted_or_replaced(
    installation: Installation,
) -> None:
    before = pids(installation)
    for name in ("supervisor", "postgres"):
        pid = installation.part_pid(name)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    installation.up()
    after = pids(installation)
    assert after["asterisk"] == before["asterisk"]
    assert after["nats"] == before["nats"]
    assert after["postgres"] not in (None, before["postgres"])


def test_another_port_base_is_refused_while_it_runs(installation: Installation) -> None:
    other = Installation(installation.data, installation.ports.base + 1000)
    with pytest.raises(Trouble, match="port base"):
        other.up()


def test_other_replicas_are_refused_while_it_runs(installation: Installation) -> None:
    with pytest.raises(Trouble, match="replicas"):
        Installation(installation.data, asked_replicas=2).up()
    with pytest.raises(Trouble, match="1 to 9"):
        Installation(installation.data, asked_replicas=10).up()


def test_down_without_a_supervisor_leaves_nothing(installation: Installation) -> None:
    pid = installation.part_pid("supervisor")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: installation.part_pid("supervisor") is None)
    children = processes.children_of([p for p in pids(installation).values() if p])
    installation.down()
    assert processes.owned_by(installation.data) == []
    for part in ("postgres", "asterisk"):
        assert not socket_dir(installation.data / part / "run").exists()
    # Nor the database's own processes.
    until(lambda: not any(processes.start_ticks(child) for child in children))
    installation.up()


def test_a_busy_port_is_named_with_its_holder(tmp_path: Path) -> None:
    import socket

    base = free_port_base()
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", base + 1))
        stranger.listen()
        installation = Installation(tmp_path, base)
        with pytest.raises(Trouble, match=rf"{base + 1}/tcp, needed by nats.*pid {os.getpid()}"):
            installation.check_ports()
