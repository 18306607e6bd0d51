"""A real Asterisk with trunks told apart by source port, and a small dialplan to call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.ari import Ari, ari_on
from tests.support.asterisk import RealAsterisk, real_asterisk

from ringway.runtime.ari import StasisStart
from ringway.trainer.core.transaction import Address

# ``app`` takes what no other line does.
_DIALPLAN = """
[inbound]
exten => early,1,Ringing()
 same => n,Wait(0.3)
 same => n,Progress()
 same => n,Playtones(450)
 same => n,Wait(1)
 same => n,StopPlaytones()
 same => n,Answer()
 same => n,Echo()
exten => echo,1,Answer()
 same => n,Echo()
exten => busy-tone,1,Answer()
 same => n,Playtones(450/350\\,0/350)
 same => n,Wait(5)
exten => _refuse-.,1,Hangup(${EXTEN:7})
exten => rings,1,Ringing()
 same => n,Wait(60)
exten => _to-.,1,Dial(PJSIP/${EXTEN:3},10)
 same => n,Hangup(${HANGUPCAUSE})
exten => _[+0-9].,1,Stasis(acd-0,${EXTEN})
"""


class Exchange:
    """One Asterisk with its ARI application ``acd-0``."""

    def __init__(self, asterisk: RealAsterisk, ari: Ari) -> None:
        self.asterisk = asterisk
        self.ari = ari

    @property
    def address(self) -> Address:
        """Where calls are sent to."""
        return "127.0.0.1", self.asterisk.sip_port

    def uri(self, number: str) -> str:
        """What a phone outside calls to reach ``number``."""
        return f"sip:{number}@127.0.0.1:{self.asterisk.sip_port}"

    async def trunk(self, name: str, peer: Address, **fields: str) -> None:
        """Know whoever sends from this address and port; ``PJSIP/<number>@<name>`` calls it."""
        node = self.ari.node
        endpoint = {
            "allow": "!all,ulaw,alaw",
            "direct_media": "no",
            "rtp_symmetric": "yes",
            "trust_id_inbound": "yes",
            "context": "inbound",
            "aors": name,
        } | fields
        place = f"{peer[0]}:{peer[1]}"
        await node.put_dynamic("res_pjsip", "aor", name, {"contact": f"sip:{place}"})
        await node.put_dynamic("res_pjsip", "endpoint", name, endpoint)
        await node.put_dynamic("res_pjsip", "identify", name, {"endpoint": name, "match": place})

    async def arrived(self, number: str) -> StasisStart:
        """The call to ``number``, which now waits in the application."""
        return await self.ari.log.until(
            StasisStart, where=lambda event: number in event.args, within_s=10
        )


@asynccontextmanager
async def exchange(folder: Path) -> AsyncIterator[Exchange]:
    """Start one below ``folder``."""
    async with real_asterisk(folder) as asterisk, ari_on(asterisk, "acd-0") as ari:
        (asterisk.folder / "etc" / "extensions_local.conf").write_text(_DIALPLAN)
        await asterisk.command("dialplan reload")
        yield Exchange(asterisk, ari)
