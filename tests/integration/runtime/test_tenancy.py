"""Every table of every service keeps tenants apart, whatever its code forgets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.conftest import MakeDatabase
from tests.support.postgres import connect

from ringway.runtime.migrate import migrations_folder

pytestmark = pytest.mark.integration

SERVICES = [s for s in ("acd", "dialer", "recorder", "crm_api") if migrations_folder(s).is_dir()]
ROLES = ("ringway_acd", "ringway_dialer", "ringway_recorder", "ringway_crm_api", "ringway_asterisk")

TENANT_TABLES = """
    SELECT c.oid, n.nspname || '.' || c.relname AS name, c.relrowsecurity, c.relforcerowsecurity,
           pg_get_userbyid(c.relowner) AS owner,
           (SELECT a.attname FROM pg_index i
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
             WHERE i.indrelid = c.oid AND i.indisprimary) AS first_key,
           (SELECT t.attnotnull FROM pg_attribute t
             WHERE t.attrelid = c.oid AND t.attname = 'tenant_id') AS has_tenant
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('acd', 'dialer', 'recorder', 'crm', 'asterisk')
       AND EXISTS (SELECT 1 FROM pg_attribute t
                    WHERE t.attrelid = c.oid AND t.attname = 'tenant_id' AND NOT t.attisdropped)
     ORDER BY 2
"""


@pytest.fixture
async def admin(make_database: MakeDatabase) -> AsyncIterator[Any]:
    database = await make_database(*SERVICES)
    conn = await connect(database, "ringway_admin")
    yield conn
    await conn.close()


async def test_every_tenant_table_is_forced_to_check_the_tenant(admin: Any) -> None:
    tables = await admin.fetch(TENANT_TABLES)
    assert tables
    wrong = {
        row["name"]: dict(row)
        for row in tables
        if not (row["relrowsecurity"] and row["relforcerowsecurity"])
        or row["first_key"] != "tenant_id"
        or not row["has_tenant"]
        or row["owner"] in ROLES
    }
    assert wrong == {}


async def test_no_role_of_a_service_may_go_around_it(admin: Any) -> None:
    rows = await admin.fetch(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY($1) AND (rolsuper OR rolbypassrls)",
        list(ROLES),
    )
    assert rows == []
    owned = await admin.fetch(
        "SELECT oid::regclass FROM pg_class WHERE pg_get_userbyid(relowner) = ANY($1)", list(ROLES)
    )
    assert owned == []


# What the platform itself has loaded is read by all, row by row of its own tenant, and by reading
# alone: the national do-not-call lists, and what operators' recordings mean.
_PLATFORMS = "(tenant_id = '00000000-0000-0000-0000-000000000000'::uuid)"
_OF_THE_PLATFORM = {
    ("dialer.announcement", "of_the_platform", "SELECT", _PLATFORMS),
    ("dialer.dnc_list", "of_the_platform", "SELECT", _PLATFORMS),
    ("dialer.dnc_number", "of_the_platform", "SELECT", _PLATFORMS),
}


async def test_every_policy_of_a_service_asks_for_the_tenant(admin: Any) -> None:
    """Policies add up, so one that lets everything through would open the table."""
    policies = await admin.fetch(
        """
        SELECT schemaname || '.' || tablename AS name, policyname, cmd, qual, with_check
          FROM pg_policies WHERE roles <> ARRAY['ringway_owner']::name[]
        """
    )
    assert policies
    open_wide = [
        dict(row)
        for row in policies
        if (row["name"], row["policyname"], row["cmd"], row["qual"]) not in _OF_THE_PLATFORM
    ]
    open_wide = [
        row
        for row in open_wide
        if not (row["qual"] is None if row["cmd"] == "INSERT" else asks(row["qual"]))
        or not (row["with_check"] is None or asks(row["with_check"]))
    ]
    assert open_wide == []


def asks(condition: str | None) -> bool:
    """Whether a condition depends on what the transaction said about itself."""
    return condition is not None and (
        "current_setting('ringway." in condition or condition == "false"
    )


async def test_views_over_other_schemas_ask_as_their_caller(admin: Any) -> None:
    rows = await admin.fetch(
        """
        SELECT n.nspname || '.' || c.relname AS name
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'v' AND n.nspname IN ('acd', 'dialer', 'recorder', 'crm')
           AND NOT coalesce(c.reloptions, '{}') @> ARRAY['security_invoker=true']
        """
    )
    assert [row["name"] for row in rows] == []


async def test_functions_that_cross_tenants_fix_their_search_path(admin: Any) -> None:
    rows = await admin.fetch(
        """
        SELECT p.oid::regprocedure::text AS name
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE p.prosecdef AND n.nspname IN ('acd', 'dialer', 'recorder', 'crm', 'asterisk')
           AND (NOT coalesce(array_to_string(p.proconfig, ','), '') ~ 'search_path='
                OR has_function_privilege('public', p.oid, 'EXECUTE')
                OR pg_get_userbyid(p.proowner) <> 'ringway_owner')
        """
    )
    assert [row["name"] for row in rows] == []
