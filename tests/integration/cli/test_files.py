"""What an installation writes down: secrets, its ports, logs, backups."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.ports import free_port_base

from ringway.cli import backup, logrotation, processes
from ringway.cli.__main__ import main
from ringway.cli.credentials import load_or_make, replace_platform_admin_password
from ringway.cli.installation import Installation
from ringway.cli.places import socket_dir
from ringway.cli.say import Trouble

pytestmark = pytest.mark.integration


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    first = load_or_make(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_or_make(file) == first
    assert len({*first.postgres.values(), *first.nats.values(), *first.ari.values()}) == (
        len(first.postgres) + len(first.nats) + len(first.ari)
    )


def test_a_secret_that_a_newer_release_needs_is_added_to_the_old_ones(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    first = load_or_make(file)
    kept = json.loads(file.read_text())
    del kept["media_secret"]
    del kept["nats"]["trainer"]
    file.write_text(json.dumps(kept))
    second = load_or_make(file)
    assert second.media_secret != first.media_secret
    assert second.nats["acd"] == first.nats["acd"]
    assert second.nats["trainer"]


def test_a_new_first_sign_in_is_remembered(tmp_path: Path) -> None:
    load_or_make(tmp_path / "secrets.json")
    replace_platform_admin_password(tmp_path / "secrets.json", "changed")
    assert load_or_make(tmp_path / "secrets.json").platform_admin_password == "changed"


def test_the_port_base_is_remembered(tmp_path: Path) -> None:
    (tmp_path / "installation.json").write_text('{"port_base": 23000}')
    assert Installation(tmp_path).ports.base == 23000
    assert Installation(tmp_path, 24000).ports.base == 24000


def test_an_operators_setting_reaches_the_service(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('[acd]\nlog_level = "DEBUG"\nlease_ttl_s = 9\n')
    environment = Installation(tmp_path).env_for("acd")
    assert environment["RINGWAY_ACD_LOG_LEVEL"] == "DEBUG"
    assert environment["RINGWAY_ACD_LEASE_TTL_S"] == "9"


def test_a_setting_of_no_service_is_refused(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[adc]\nreplica = '1'\n")
    with pytest.raises(Trouble, match="adc"):
        Installation(tmp_path).env_for("acd")


def test_a_log_over_its_limit_moves_and_the_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "acd.log"
    with log.open("ab", buffering=0) as writer:
        for number in range(5):
            writer.write(b"x" * 100 + f"{number}\n".encode())
            assert logrotation.rotate(log, limit_bytes=50, keep=3)
        writer.write(b"last\n")
    assert log.read_bytes() == b"last\n"
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == ["acd.log", "acd.log.1", "acd.log.2", "acd.log.3"]
    assert (tmp_path / "acd.log.1").read_bytes().endswith(b"4\n")


def test_a_socket_below_a_long_path_gets_a_short_folder(tmp_path: Path) -> None:
    assert socket_dir(Path("/srv/ringway/run")) == Path("/srv/ringway/run")
    assert len(str(socket_dir(tmp_path / ("x" * 100)))) < 60


def test_a_process_is_found_by_its_marks_until_it_ends(tmp_path: Path) -> None:
    process = processes.start(
        (sys.executable, "-c", "import time; time.sleep(60)"),
        {**os.environ, **processes.marks(tmp_path, "a", "spec")},
        tmp_path / "log",
        "a",
        "spec",
    )

    async def end() -> None:
        import signal

        assert processes.owned_by(tmp_path) == [process]
        assert processes.owned_by(tmp_path / "other") == []
        assert await processes.stop(process, signal.SIGTERM, 5)
        assert processes.owned_by(tmp_path) == []
        assert not processes.is_alive(process)
        processes.send(process, signal.SIGKILL)  # late: nothing happens

    asyncio.run(end())


@pytest.mark.parametrize(
    ("words", "code"), [(["status"], 1), (["down"], 0), (["logs", "acd"], 1), (["logs", "x"], 1)]
)
def test_commands_on_an_installation_that_is_not_there(
    tmp_path: Path, words: list[str], code: int
) -> None:
    assert main([*words, "--data", str(tmp_path / "none")]) == code


def test_trouble_is_one_json_object_when_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["logs", "nothing", "--data", str(tmp_path), "--json"]) == 1
    assert "nothing" in json.loads(capsys.readouterr().out)["error"]


def test_the_script_is_posix() -> None:
    script = Path(__file__).parents[3] / "ringway"
    subprocess.run(("sh", "-n", str(script)), check=True)


@pytest.mark.timeout(90)  # makes a database cluster and starts it four times
def test_what_a_backup_holds_comes_back(tmp_path: Path) -> None:
    installation = Installation(tmp_path / ("deep" * 20), free_port_base())
    installation.prepare()
    take = tmp_path / "backup.tar"
    recording = installation.data / "recordings" / "a.wav"
    recording.write_bytes(b"sound")

    async def sql(statement: str) -> object:
        async with backup.database(installation):
            await installation.postgres.make_roles()
            conn = await installation.postgres.connect_as_admin()
            try:
                return await conn.fetchval(statement)
            finally:
                await conn.close()

    asyncio.run(sql("CREATE TABLE kept AS SELECT 42 AS answer"))
    manifest = backup.make(installation, take)
    assert stat.S_IMODE(take.stat().st_mode) == 0o600
    asyncio.run(sql("DROP TABLE kept"))
    recording.unlink()

    assert backup.restore(installation, take)["made_at"] == manifest["made_at"]

    assert asyncio.run(sql("SELECT answer FROM kept")) == 42
    assert recording.read_bytes() == b"sound"
    assert processes.owned_by(installation.data) == []
    assert not socket_dir(installation.data / "postgres" / "run").exists()
    with pytest.raises(Trouble, match="exists already"):
        backup.make(installation, take)


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.tar"
    wrong.write_bytes(b"no archive")
    with pytest.raises(Trouble, match="no backup"):
        backup.unpack(wrong, tmp_path)
