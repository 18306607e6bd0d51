"""Which NATS subjects each service may publish and subscribe to: least privilege, in one table.

The embedded installation and the Kubernetes manifests are made from it, so a service that
starts to use a new subject must be named here or it is refused by the server.
"""

from __future__ import annotations

from dataclasses import dataclass

_INBOX = "_INBOX.{user}.>"
# JetStream: read stream and consumer state, make and use its own durable consumers, acknowledge.
_CONSUME = (
    "$JS.API.INFO",
    "$JS.API.STREAM.INFO.*",
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.MSG.GET.FACTS",
    "$JS.API.DIRECT.GET.FACTS",
    "$JS.API.DIRECT.GET.FACTS.>",
    "$JS.API.CONSUMER.*.FACTS",
    "$JS.API.CONSUMER.*.FACTS.>",
    "$JS.API.CONSUMER.DURABLE.CREATE.FACTS.>",
    "$JS.API.CONSUMER.MSG.NEXT.FACTS.>",
    "$JS.ACK.FACTS.>",
    "$JS.FC.>",
    "dead_letter.>",
)
# Streams and buckets are declared in code by whoever starts first; the declaration is the same.
_DECLARE = (
    "$JS.API.STREAM.CREATE.FACTS",
    "$JS.API.STREAM.UPDATE.FACTS",
    "$JS.API.STREAM.CREATE.DEAD_LETTER",
    "$JS.API.STREAM.UPDATE.DEAD_LETTER",
)


def _reads(name: str) -> tuple[str, ...]:
    return (
        f"$JS.API.STREAM.*.KV_{name}",
        f"$JS.API.STREAM.MSG.GET.KV_{name}",
        f"$JS.API.DIRECT.GET.KV_{name}",
        f"$JS.API.DIRECT.GET.KV_{name}.>",
        f"$JS.API.CONSUMER.*.KV_{name}",
        f"$JS.API.CONSUMER.*.KV_{name}.>",
        f"$JS.API.CONSUMER.DURABLE.CREATE.KV_{name}.>",
        f"$JS.API.CONSUMER.MSG.NEXT.KV_{name}.>",
        f"$JS.ACK.KV_{name}.>",
    )


def _bucket(name: str) -> tuple[str, ...]:
    return (*_reads(name), f"$KV.{name}.>")


@dataclass(frozen=True, slots=True)
class Permissions:
    """What one NATS user may do. ``_INBOX.<user>`` is its private reply prefix."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def nats_permissions() -> dict[str, Permissions]:
    """Return the permissions of every service, by NATS user name."""

    def service(
        user: str, publish: tuple[str, ...], subscribe: tuple[str, ...] = ()
    ) -> Permissions:
        inbox = _INBOX.format(user=user)
        return Permissions(
            publish=(*_DECLARE, *_CONSUME, "$SRV.>", *publish),
            subscribe=(inbox, "$SRV.>", *subscribe),
        )

    return {
        "acd": service(
            "acd",
            (
                "acd.v1.>",
                "dialer.v1.*.cmd.check_number",
                *_bucket("leases"),
                *_bucket("acd_live"),
                *_bucket("nodes"),
                "_INBOX.>",
            ),
            ("acd.v1.*.cmd.*", "acd.v1.replica.*.forwarded", "$KV.leases.>", "$KV.acd_live.>"),
        ),
        "dialer": service(
            "dialer",
            (
                "dialer.v1.>",
                "acd.v1.*.cmd.set_campaign_agents",
                "acd.v1.*.cmd.reserve_agent",
                "acd.v1.*.cmd.release_agent",
                "acd.v1.*.cmd.list_agents",
                *_bucket("leases"),
                *_reads("nodes"),
                "_INBOX.>",
            ),
            ("dialer.v1.*.cmd.*", "acd.v1.*.presence.*.*", "$KV.leases.>"),
        ),
        "recorder": service("recorder", ("recorder.v1.>", "_INBOX.>"), ("recorder.v1.*.cmd.*",)),
        "trainer": service("trainer", ("trainer.v1.>", "_INBOX.>"), ("trainer.v1.*.cmd.*",)),
        "crm_api": service(
            "crm_api",
            (
                *("crm.v1.>", "acd.v1.*.cmd.*", "dialer.v1.*.cmd.*", "trainer.v1.*.cmd.*"),
                "recorder.v1.*.cmd.delete_tenant",
                # The facts of an enterprise that is deleted go with it.
                "$JS.API.STREAM.PURGE.FACTS",
                "_INBOX.>",
            ),
            (
                "crm.v1.*.cmd.*",
                "acd.v1.*.presence.*.*",
                "dialer.v1.*.campaign.*.live",
                "dialer.v1.*.preview.*.live",
            ),
        ),
        # The operator's own command line: simulated network, live figures, diagnosis.
        "cli": service(
            "cli",
            # Reading dead letters one by one; offering them again is up to the facts' owner.
            ("trainer.v1.*.cmd.*", "$JS.API.STREAM.MSG.GET.DEAD_LETTER"),
            ("acd.v1.*.presence.*.*", "dialer.v1.*.campaign.*.live", "dead_letter.>"),
        ),
    }
