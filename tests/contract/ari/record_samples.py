"""Records one sample of every event type from a real Asterisk into ``samples/``.

Run it when a new Asterisk version is adopted: ``python tests/contract/ari/record_samples.py``.
Recorded samples are never edited by hand. A type keeps its recorded sample unless ``--all``
is given.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import aiohttp

SAMPLES = Path(__file__).parent / "samples"
sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.support.ari import ari_on  # noqa: E402
from tests.support.asterisk import RealAsterisk, real_asterisk  # noqa: E402
from tests.support.sip_peer import SipPeer, sip_peer  # noqa: E402

from ringway.runtime.ari import AriNode  # noqa: E402

APP = "sampler-0"
ALL = "sampler-1"
ECHO = "Local/*43@from-agent"


class Sampler:
    """Keeps what comes on a raw event socket; of each type the richest event."""

    def __init__(self) -> None:
        self.best: dict[str, dict[str, Any]] = {}
        self._news = asyncio.Event()
        self._log: list[dict[str, Any]] = []

    async def read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            raw = json.loads(message.data)
            self._log.append(raw)
            known = self.best.get(raw["type"])
            if known is None or len(json.dumps(raw)) > len(json.dumps(known)):
                self.best[raw["type"]] = raw
            self._news.set()

    async def until(self, kind: str, text: str = "") -> None:
        """Wait for an event of a type whose JSON contains ``text``."""
        try:
            async with asyncio.timeout(8):
                while not any(r["type"] == kind and text in json.dumps(r) for r in self._log):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            print(f"no {kind} {text}", file=sys.stderr)


async def account(node: AriNode, peer: SipPeer) -> None:
    auth = {"auth_type": "userpass", "username": "ann", "password": "s3cret"}
    await node.put_dynamic("res_pjsip", "auth", "ann", auth)
    await node.put_dynamic("res_pjsip", "aor", "ann", {"max_contacts": "1"})
    fields = {"aors": "ann", "auth": "ann", "disallow": "all", "allow": "ulaw"}
    await node.put_dynamic("res_pjsip", "endpoint", "ann", fields | {"context": "from-agent"})


async def local_leg(node: AriNode, seen: Sampler) -> None:
    await node.originate(
        ECHO, channel_id="i1.c", app=APP, variables={"CC_STATE": '{"tenant":"t1"}'}
    )
    await seen.until("StasisStart", "i1.c")
    await node.set_variable("i1.c", "TALK_DETECT(set)", "500,128")
    # The echo sends back what it hears: speech, then silence.
    media = ["sound:please-try-call-later", "sound:silence/2"]
    await node.play(media, channel="i1.c", playback_id="p1")
    await seen.until("ChannelTalkingFinished")
    await seen.until("PlaybackFinished")
    await node.dtmf("i1.c", "5")
    await seen.until("ChannelDtmfReceived")
    await node.move("i1.c", "nobody-0", ["a", "b"])
    await seen.until("ApplicationMoveFailed")
    await node.snoop("i1.c", "i1.s", app=APP, spy="in")
    await seen.until("StasisStart", "i1.s")
    await node.record("i1.s", "i1.in")
    await seen.until("RecordingStarted")
    await node.stop_recording("i1.in")
    await seen.until("RecordingFinished")


async def phone_leg(asterisk: RealAsterisk, node: AriNode, seen: Sampler, peer: SipPeer) -> None:
    await account(node, peer)
    await node.subscribe(APP, "endpoint:PJSIP")
    await peer.register(asterisk.sip_port)
    await seen.until("ContactStatusChange")
    await seen.until("EndpointStateChange", "online")
    await node.originate("PJSIP/ann", channel_id="i1.a", app=APP)
    await seen.until("StasisStart", "i1.a")
    await node.create_bridge("b1", name="i1")
    await node.subscribe(APP, "bridge:b1")
    await node.add_to_bridge("b1", "i1.c", "i1.a")
    await seen.until("ChannelEnteredBridge", "i1.a")
    await peer.hold(True)
    await seen.until("ChannelHold")
    await peer.hold(False)
    await seen.until("ChannelUnhold")
    await node.set_variable("i1.a", "PJSIP_TRANSFER_HANDLING()", "ari-only")
    await peer.refer("*43")
    await seen.until("ChannelTransfer")
    await node.hangup("i1.a")
    await seen.until("ChannelDestroyed", "i1.a")

    await node.originate("PJSIP/ann", channel_id="i2.a", app=APP)
    await seen.until("StasisStart", "i2.a")
    await node.add_to_bridge("b1", "i2.a")
    await seen.until("ChannelEnteredBridge", "i2.a")
    await peer.refer("*43")
    await seen.until("BridgeBlindTransfer")
    await node.destroy_bridge("b1")
    await seen.until("BridgeDestroyed")
    peer.status = 486
    await node.originate("PJSIP/ann", channel_id="i3.a", app=APP)
    await seen.until("ChannelDestroyed", "i3.a")
    await peer.register(asterisk.sip_port, expires_s=0)
    await seen.until("EndpointStateChange", "offline")


async def broadcast(asterisk: RealAsterisk, node: AriNode, seen: Sampler) -> None:
    await asterisk.command(
        "dialplan add extension 9,1,StasisBroadcast,1000,^sampler-. into from-agent"
    )
    await node.originate("Local/9@from-agent", channel_id="i4.c", app=APP)
    await seen.until("CallBroadcast")
    await node.claim("i4.c;2", ALL)
    await seen.until("StasisStart", "i4.c;2")


async def record(folder: Path) -> dict[str, dict[str, Any]]:
    """Play every scene; return the best sample of each type."""
    seen = Sampler()
    async with (
        real_asterisk(folder) as asterisk,
        asterisk.http() as session,
        ari_on(asterisk, "commander-0") as commander,
        sip_peer("ann", password="s3cret") as peer,
        asyncio.TaskGroup() as group,
    ):
        # Some types come only to who subscribes to everything, others only to who does not.
        url = f"{asterisk.ari_url}/ari/events"
        params = {"app": ALL, "subscribeAll": "true"}
        reading = [
            group.create_task(seen.read(await session.ws_connect(url, params=each)))
            for each in ({"app": APP}, params)
        ]
        node = commander.node
        await local_leg(node, seen)
        await phone_leg(asterisk, node, seen, peer)
        await broadcast(asterisk, node, seen)
        await node.hangup("i1.c")
        await seen.until("ChannelDestroyed", "i1.c")
        async with session.ws_connect(url, params=params):
            await seen.until("ApplicationReplaced")
        for each in reading:
            each.cancel()
    return seen.best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="replace samples already recorded")
    replace = parser.parse_args().all
    with tempfile.TemporaryDirectory() as folder:
        best = asyncio.run(record(Path(folder)))
    SAMPLES.mkdir(exist_ok=True)
    for name, raw in sorted(best.items()):
        path = SAMPLES / f"{name}.json"
        if replace or not path.exists():
            path.write_text(json.dumps(raw, indent=2) + "\n", encoding="utf-8")
            print(path.name)


if __name__ == "__main__":
    main()
