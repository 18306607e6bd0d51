"""Whatever the environment says, settings are either right or refused with the key's name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.runtime.ids import SHARDS, shard_of
from ringway.runtime.settings import ServiceSettings, SettingsInvalid, load_settings

pytestmark = pytest.mark.property

GOOD = {
    "RINGWAY_X_POSTGRES_DSN": "postgresql://x",
    "RINGWAY_X_NATS_URL": "nats://x",
    "RINGWAY_X_NATS_USER": "x",
    "RINGWAY_X_NATS_PASSWORD": "x",
    "RINGWAY_X_HEALTH_PORT": "1",
}
FIELDS = {name.upper() for name in ServiceSettings.model_fields} | {"CONFIG"}


@given(st.text(st.characters(codec="ascii", exclude_characters="\0=\n"), min_size=1, max_size=30))
def test_every_unknown_key_is_refused_by_name(key: str) -> None:
    environ = {**GOOD, f"RINGWAY_X_{key}": "1"}
    if key in FIELDS:
        return
    with pytest.raises(SettingsInvalid) as error:
        load_settings(ServiceSettings, service="x", environ=environ)
    assert f"RINGWAY_X_{key}" in str(error.value)


@given(st.sampled_from(sorted(FIELDS - {"CONFIG"})), st.text(max_size=40))
def test_every_value_is_taken_or_its_key_named(key: str, value: str) -> None:
    try:
        settings = load_settings(
            ServiceSettings, service="x", environ={**GOOD, f"RINGWAY_X_{key}": value}
        )
    except SettingsInvalid as error:
        assert f"RINGWAY_X_{key}" in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert type(settings) is ServiceSettings


@given(st.text())
def test_every_tenant_has_a_shard(tenant: str) -> None:
    assert 0 <= shard_of(tenant) < SHARDS
