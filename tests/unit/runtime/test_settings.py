"""Settings stop the start with the name of what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ringway.runtime.settings import ServiceSettings, SettingsInvalid, load_settings

pytestmark = pytest.mark.unit


class AcdSettings(ServiceSettings):
    sip_address: str
    store_dir: Path = Path("store")
    limits: dict[str, int] | None = None


GOOD = {
    "RINGWAY_ACD_POSTGRES_DSN": "postgresql://x",
    "RINGWAY_ACD_NATS_URL": "nats://127.0.0.1:4222",
    "RINGWAY_ACD_NATS_USER": "acd",
    "RINGWAY_ACD_NATS_PASSWORD": "hunter2",
    "RINGWAY_ACD_HEALTH_PORT": "17010",
    "RINGWAY_ACD_SIP_ADDRESS": "127.0.0.1:17005",
}


def load(**changes: str | None) -> AcdSettings:
    environ: dict[str, Any] = {**GOOD, "PATH": "/bin", "RINGWAY_DIALER_ANYTHING": "not ours"}
    for key, value in changes.items():
        environ[f"RINGWAY_ACD_{key}"] = value
    environ = {key: value for key, value in environ.items() if value is not None}
    return load_settings(AcdSettings, service="acd", environ=environ)


def test_values_come_from_the_environment() -> None:
    settings = load(
        DRAIN_TIMEOUT_S="2.5",
        STORE_DIR="/var/x",
        LIMITS='{"lines": 4}',
        ARI_NODES='[{"name":"ast-0","url":"http://h:1","username":"acd","password":"p"}]',
    )
    assert settings.drain_timeout_s == 2.5
    assert settings.store_dir == Path("/var/x")
    assert settings.limits == {"lines": 4}
    assert settings.ari_nodes[0].name == "ast-0"
    assert settings.ari_nodes[0].password.get_secret_value() == "p"
    assert settings.health_port == 17010
    assert settings.otlp_endpoint is None


def test_a_misspelt_key_is_named_with_the_closest() -> None:
    with pytest.raises(SettingsInvalid) as error:
        load(DRAIN_TIMEOUT="3")
    assert str(error.value) == (
        "unknown key RINGWAY_ACD_DRAIN_TIMEOUT, did you mean RINGWAY_ACD_DRAIN_TIMEOUT_S?"
    )


def test_every_missing_key_is_named() -> None:
    with pytest.raises(SettingsInvalid) as error:
        load(SIP_ADDRESS=None, NATS_USER=None)
    assert "RINGWAY_ACD_SIP_ADDRESS: field required" in str(error.value)
    assert "RINGWAY_ACD_NATS_USER: field required" in str(error.value)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("HEALTH_PORT", "70000", "RINGWAY_ACD_HEALTH_PORT: input should be less than"),
        ("LOG_LEVEL", "LOUD", "RINGWAY_ACD_LOG_LEVEL"),
        ("ARI_NODES", "[{", "RINGWAY_ACD_ARI_NODES must be JSON"),
        ("ARI_NODES", '[{"nam": "x"}]', "RINGWAY_ACD_ARI_NODES.0.nam"),
    ],
)
def test_a_value_that_does_not_fit_is_named(key: str, value: str, says: str) -> None:
    with pytest.raises(SettingsInvalid) as error:
        load(**{key: value})
    assert says in str(error.value)


def test_errors_never_show_values() -> None:
    with pytest.raises(SettingsInvalid) as error:
        load(ARI_NODES='[{"name":"a b","url":"u","username":"n","password":"hunter2"}]')
    assert "hunter2" not in str(error.value)
    assert "hunter2" not in repr(load())


def test_a_file_gives_what_the_environment_does_not(tmp_path: Path) -> None:
    file = tmp_path / "acd.toml"
    file.write_text(
        'drain_timeout_s = 3\nsip_address = "file:1"\n'
        '[[ari_nodes]]\nname = "ast-0"\nurl = "http://h:1"\nusername = "u"\npassword = "p"\n'
    )
    settings = load(CONFIG=str(file))
    assert settings.drain_timeout_s == 3
    assert settings.sip_address == "127.0.0.1:17005"
    assert settings.ari_nodes[0].username == "u"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("log_levl = 'INFO'", "did you mean log_level"),
        ("log_level = ", "is not TOML"),
    ],
)
def test_a_file_is_checked_as_strictly(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "acd.toml"
    file.write_text(text)
    with pytest.raises(SettingsInvalid, match=says):
        load(CONFIG=str(file))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="cannot read"):
        load(CONFIG=str(tmp_path / "none.toml"))


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().log_level = "DEBUG"
