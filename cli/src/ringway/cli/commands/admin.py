"""What an operator does to a whole installation.

migrate                bring the database's schema up to date
backup FILE            database and recordings into one file, also while it runs
restore FILE           the other way round; the installation must be stopped
reset-admin-password   a new password for the platform's administrator
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
from pathlib import Path
from uuid import UUID

from ringway.cli import backup, control
from ringway.cli.credentials import PLATFORM_ADMIN, replace_platform_admin_password
from ringway.cli.installation import Installation
from ringway.cli.say import Trouble, say

HELP = "migrate, backup, restore, reset-admin-password"
# The platform's operators are the users of the tenant of all zeros. Every session of this one ends,
# and a second factor, which may be lost as well, is asked for no more.
_SET_PASSWORD = """
    WITH operator AS (
        UPDATE crm.user_account
           SET password_hash = $2, is_enabled = true, must_change_password = false,
               updated_at = now(), version = version + 1
         WHERE tenant_id = $3 AND lower(username) = $1
        RETURNING tenant_id, user_id
    ), ended AS (
        DELETE FROM crm.refresh_token USING operator
         WHERE refresh_token.tenant_id = operator.tenant_id
           AND refresh_token.user_id = operator.user_id
    ), signed_out AS (
        UPDATE crm.session SET ended_at = now(), ended_because = 'password_reset' FROM operator
         WHERE session.tenant_id = operator.tenant_id AND session.user_id = operator.user_id
           AND session.ended_at IS NULL
    ), without_factor AS (
        DELETE FROM crm.second_factor USING operator
         WHERE second_factor.tenant_id = operator.tenant_id
           AND second_factor.user_id = operator.user_id
    ), forgiven AS (
        DELETE FROM crm.sign_in_failure WHERE tenant_id = $3
           AND split_part(login, '|', 1) = $1 || '@platform'
    )
    SELECT count(*) FROM operator
"""  # noqa: S105 - the name of the statement


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    migrate = actions.add_parser("migrate", help="bring the database's schema up to date")
    migrate.add_argument("--phase", choices=("pre", "post", "all"), default="all")
    for name, help_text in (
        ("backup", "database and recordings into one file"),
        ("restore", "put a backup in the place of what is there"),
    ):
        actions.add_parser(name, help=help_text).add_argument("file", type=Path, metavar="FILE")
    actions.add_parser(
        "reset-admin-password", help="a new password for the platform's administrator"
    )


def run(arguments: argparse.Namespace) -> int:
    installation = Installation(arguments.data, arguments.port_base)
    match arguments.action:
        case "migrate":
            _must_run(installation)
            asyncio.run(installation.migrate(arguments.phase))
            told: dict[str, object] = {"migrated": arguments.phase}
            say("✓ The database's schema is up to date")
        case "backup":
            told = backup.make(installation, arguments.file)
            say(f"✓ {arguments.file} ({told['bytes']} bytes)")
        case "restore":
            told = backup.restore(installation, arguments.file)
            say(f"✓ Restored what was saved at {told['made_at']}. `./ringway up` starts it.")
        case _:
            _must_run(installation)
            password = asyncio.run(_reset_password(installation))
            told = {"username": PLATFORM_ADMIN, "password": password}
            if not arguments.json:
                print(f"{PLATFORM_ADMIN} / {password}")
    if arguments.json:
        print(json.dumps(told))
    return 0


def _must_run(installation: Installation) -> None:
    if control.supervisor_of(installation.data) is None:
        raise Trouble("The installation does not run: `./ringway up --detach` first.")


async def _reset_password(installation: Installation) -> str:
    try:
        from argon2 import PasswordHasher
    except ModuleNotFoundError as error:
        raise Trouble("The package argon2-cffi is missing: run ./ringway again.") from error
    password = secrets.token_urlsafe(15)
    conn = await installation.postgres.connect_as_admin()
    try:
        hashed = PasswordHasher().hash(password)
        found = await conn.fetchval(_SET_PASSWORD, PLATFORM_ADMIN, hashed, UUID(int=0))
    finally:
        await conn.close()
    if not found:
        raise Trouble(f"There is no user {PLATFORM_ADMIN}: has crm_api ever been ready?")
    replace_platform_admin_password(installation.data / "secrets.json", password)
    return password
