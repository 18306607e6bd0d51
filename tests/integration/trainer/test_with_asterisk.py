"""The trainer's phones and trunk against a real Asterisk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.ari import Ari, ari_on
from tests.support.asterisk import RealAsterisk, real_asterisk
from tests.support.waiting import eventually

from ringway.proto.trainer import Persona, PersonaKind, PersonaRule
from ringway.runtime.ari import MIXING, ChannelDestroyed, StasisStart
from ringway.trainer.core.call import EndedBy
from ringway.trainer.media import Pacer
from ringway.trainer.phone import Phone
from ringway.trainer.trunk import Trunk
from ringway.trainer.waiting import until

pytestmark = pytest.mark.integration

SECRET = "a secret of ann"


@dataclass
class Stage:
    """A real Asterisk between a trunk and a registered phone."""

    asterisk: RealAsterisk
    ari: Ari
    trunk: Trunk
    phone: Phone

    async def accounts(self) -> None:
        node = self.ari.node
        host, port = self.trunk.address
        fields = {"allow": "!all,ulaw,alaw", "direct_media": "no", "rtp_symmetric": "yes"}
        await node.put_dynamic("res_pjsip", "aor", "trunk", {"contact": f"sip:{host}:{port}"})
        await node.put_dynamic(
            "res_pjsip", "endpoint", "trunk", fields | {"aors": "trunk", "context": "from-trunk"}
        )
        await node.put_dynamic(
            "res_pjsip",
            "auth",
            "ann",
            {"auth_type": "userpass", "username": "ann", "password": SECRET},
        )
        await node.put_dynamic(
            "res_pjsip", "aor", "ann", {"max_contacts": "1", "remove_existing": "yes"}
        )
        await node.put_dynamic(
            "res_pjsip",
            "endpoint",
            "ann",
            fields | {"auth": "ann", "aors": "ann", "context": "from-agent"},
        )

    def customer(self, **fields: object) -> None:
        persona = Persona.model_validate(
            {"kind": PersonaKind.ANSWERS, "ring_s": (0.1, 0.2), "stays": True} | fields
        )
        self.trunk.put_scenario("t", (PersonaRule(pattern=".*", mix=((1.0, persona),)),))

    async def dial(self, channel: str, endpoint: str) -> None:
        await self.ari.node.originate(endpoint, channel_id=channel, app=self.ari.app)
        await self.ari.log.until(StasisStart, channel, within_s=10)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        asterisk = await stack.enter_async_context(real_asterisk(tmp_path))
        ari = await stack.enter_async_context(ari_on(asterisk, "acd-0"))
        pacer = await stack.enter_async_context(Pacer.running())
        trunk = await stack.enter_async_context(Trunk.open(tmp_path / "trunk.jsonl", pacer=pacer))
        phone = await stack.enter_async_context(
            Phone.open(
                "ann", SECRET, registrar=("127.0.0.1", asterisk.sip_port), tone_hz=700, pacer=pacer
            )
        )
        made = Stage(asterisk, ari, trunk, phone)
        await made.accounts()
        yield made


async def test_customer_and_agent_hear_each_other_through_asterisk(stage: Stage) -> None:
    stage.customer(tone_hz=500)
    await stage.phone.register()
    await stage.dial("a", "PJSIP/ann")
    agent = await stage.phone.next_call()
    await stage.dial("c", "PJSIP/+8613800000001@trunk")
    bridge = "b1"
    await stage.ari.node.create_bridge(bridge, MIXING)
    await stage.ari.node.add_to_bridge(bridge, "a", "c")
    (customer,) = stage.trunk.calls.values()
    await agent.until_hears(500)
    await until(lambda: customer.hears(700, stage.trunk.now), 5, "the customer hears the agent")
    agent.press("5")
    await until(lambda: customer.listener is not None and customer.listener.keys == "5", 15)
    await stage.ari.node.hangup("c", reason="normal")
    await until(lambda: bool(stage.trunk.records()), 15)
    (record,) = stage.trunk.records()
    assert (record["ended_by"], record["q850"], record["final_status"]) == ("platform", 16, 200)
    assert record["number"] == "+8613800000001"
    assert [round(tone["hz"], -1) for tone in record["tones_heard"]] == [700]
    agent.hang_up()
    destroyed = await stage.ari.log.until(ChannelDestroyed, "a")
    assert destroyed.cause == 16  # our Reason header says so


@pytest.mark.parametrize(
    ("kind", "cause", "status"),
    [
        (PersonaKind.BUSY, 17, 486),
        (PersonaKind.INVALID_NUMBER, 1, 404),
        (PersonaKind.REJECTS, 21, 603),
        (PersonaKind.TRUNK_REFUSES, 34, 503),
    ],
)
async def test_asterisk_understands_refusals(
    stage: Stage, kind: PersonaKind, cause: int, status: int
) -> None:
    stage.customer(kind=kind)
    await stage.ari.node.originate("PJSIP/1@trunk", channel_id="c", app=stage.ari.app)
    destroyed = await stage.ari.log.until(ChannelDestroyed, "c")
    assert (destroyed.cause, destroyed.tech_cause) == (cause, status)


async def test_a_customer_who_hangs_up_and_one_who_never_answers(stage: Stage) -> None:
    stage.customer(kind=PersonaKind.HANGS_UP_EARLY, stays=False)
    await stage.dial("c1", "PJSIP/1@trunk")
    assert (await stage.ari.log.until(ChannelDestroyed, "c1")).cause == 16
    stage.customer(kind=PersonaKind.NO_ANSWER)
    await stage.ari.node.originate("PJSIP/2@trunk", channel_id="c2", app=stage.ari.app, timeout_s=1)
    await stage.ari.log.until(ChannelDestroyed, "c2")
    await until(lambda: len(stage.trunk.records()) == 2, 15)
    assert [record["final_status"] for record in stage.trunk.records()] == [200, 487]


async def test_a_wrong_password_is_told_and_the_right_one_heals_it(stage: Stage) -> None:
    node = stage.ari.node
    wrong = {"auth_type": "userpass", "username": "ann", "password": "other"}
    await node.put_dynamic("res_pjsip", "auth", "ann", wrong)
    stage.phone.keep_registered()
    await until(lambda: "401" in stage.phone.last_error, 15)
    await node.put_dynamic("res_pjsip", "auth", "ann", wrong | {"password": SECRET})
    await until(lambda: stage.phone.is_registered, 10)


async def test_sha_256_digest_is_accepted(stage: Stage) -> None:
    await stage.ari.node.put_dynamic(
        "res_pjsip",
        "auth",
        "ann",
        {
            "auth_type": "digest",
            "username": "ann",
            "password": SECRET,
            "supported_algorithms_uas": "SHA-256",
        },
    )
    await stage.phone.register()


async def test_a_call_that_is_quiet_or_rings_for_long_goes_on(stage: Stage) -> None:
    stage.customer()
    await stage.dial("c", "PJSIP/1@trunk")  # in no bridge: Asterisk sends nothing
    stage.customer(kind=PersonaKind.NO_ANSWER)
    await stage.ari.node.originate("PJSIP/2@trunk", channel_id="c2", app=stage.ari.app)
    began = stage.trunk.now
    await until(lambda: stage.trunk.now - began > 6.5, 10)  # two probes of each
    assert len(stage.trunk.calls) == 2
    assert stage.trunk.records() == []


@pytest.mark.timeout(60)  # Asterisk is killed and started again
async def test_phones_and_calls_survive_the_death_of_asterisk(stage: Stage) -> None:
    stage.customer()
    await stage.phone.register()
    await stage.dial("a", "PJSIP/ann")
    agent = await stage.phone.next_call()
    await stage.dial("c", "PJSIP/1@trunk")
    stage.customer(kind=PersonaKind.NO_ANSWER)
    await stage.ari.node.originate("PJSIP/2@trunk", channel_id="c2", app=stage.ari.app)
    await until(lambda: len(stage.trunk.calls) == 2, 15)
    await stage.asterisk.kill()
    await stage.asterisk.start()  # before anybody could notice by silence alone
    assert (await agent.until_over(12)).by is EndedBy.FAULT
    await until(lambda: len(stage.trunk.records()) == 2, 12)
    assert {record["ended_by"] for record in stage.trunk.records()} == {"fault"}
    await stage.ari.client.wait_connected(10)
    await stage.accounts()

    async def reachable() -> bool:
        endpoints = await stage.asterisk.command("pjsip show contacts")
        return f"sip:ann@127.0.0.1:{stage.phone.address[1]}" in endpoints

    await eventually(reachable, within_s=12, what="the phone is registered again")
    await stage.dial("a2", "PJSIP/ann")
    again = await stage.phone.next_call()
    await until(lambda: again.is_up, 15)
