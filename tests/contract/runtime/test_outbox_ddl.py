"""Each service's outbox is made by exactly the SQL that the relay expects."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringway.runtime.migrate import migrations_folder, read_migrations
from ringway.runtime.outbox import outbox_ddl

pytestmark = pytest.mark.contract

OUTBOXES = {"dialer": "dialer", "recorder": "recorder", "crm_api": "crm"}


@pytest.mark.parametrize(("service", "schema"), OUTBOXES.items())
def test_a_migration_contains_the_outbox(service: str, schema: str) -> None:
    migrations = read_migrations(service, migrations_folder(service))
    ddl = outbox_ddl(schema, f"ringway_{service}")
    assert any(ddl in migration.sql for migration in migrations)


def test_no_service_with_an_outbox_is_forgotten() -> None:
    services = Path(__file__).parents[3] / "services"
    with_outbox = {
        path.parents[1].name
        for path in services.glob("*/src/ringway/*/migrations/*.sql")
        if ".outbox (" in path.read_text(encoding="utf-8")
    }
    assert with_outbox == set(OUTBOXES)
