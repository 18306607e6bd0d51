"""Each service's function that deletes a tenant's rows is the one that the runtime calls."""

from __future__ import annotations

import pytest

from ringway.runtime.migrate import migrations_folder, read_migrations
from ringway.runtime.tenant_rows import deletion_ddl

pytestmark = pytest.mark.contract


@pytest.mark.parametrize(
    ("service", "schema"),
    [("acd", "acd"), ("dialer", "dialer"), ("recorder", "recorder"), ("crm_api", "crm")],
)
def test_a_migration_contains_the_function(service: str, schema: str) -> None:
    ddl = deletion_ddl(schema, f"ringway_{service}")
    migrations = read_migrations(service, migrations_folder(service))
    assert any(ddl in migration.sql for migration in migrations)
