from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.asterisk import real_asterisk

pytestmark = pytest.mark.integration


async def test_asterisk_starts_clean_and_comes_back_after_a_crash(tmp_path: Path) -> None:
    async with real_asterisk(tmp_path) as asterisk:
        async with (
            asterisk.http("recorder") as session,
            session.get(f"{asterisk.ari_url}/ari/asterisk/info") as answer,
        ):
            assert (await answer.json())["config"]["name"] == "ast-0"
        assert "ERROR" not in asterisk.log
        assert "WARNING" not in asterisk.log

        await asterisk.kill()
        await asterisk.start()

        assert "ast-0" in await asterisk.command("core show settings")


async def test_a_phone_account_can_be_pushed_at_run_time(tmp_path: Path) -> None:
    async with real_asterisk(tmp_path) as asterisk:
        dynamic = f"{asterisk.ari_url}/ari/asterisk/config/dynamic/res_pjsip"
        async with asterisk.http() as session:
            for kind, fields in (
                ("auth", {"auth_type": "userpass", "username": "ann", "password": "s"}),
                ("aor", {"max_contacts": "1"}),
                ("endpoint", {"auth": "ann", "aors": "ann", "context": "from-agent"}),
            ):
                body = {"fields": [{"attribute": k, "value": v} for k, v in fields.items()]}
                async with session.put(f"{dynamic}/{kind}/ann", json=body) as answer:
                    assert answer.status == 200, await answer.text()
            async with session.get(f"{asterisk.ari_url}/ari/endpoints/PJSIP/ann") as answer:
                assert answer.status == 200
