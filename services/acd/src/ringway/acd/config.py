"""Settings of the ACD."""

from __future__ import annotations

from pydantic import Field

from ringway.runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """``RINGWAY_ACD_*``."""

    sip_address: str = "127.0.0.1:5060"  # where agents' phones register, shown to users
    sip_ws: str = ""
    sip_realm: str = "asterisk"
    # A dead replica's tenants are served again so long after its death, and half a second.
    lease_ttl_s: float = Field(default=3.0, ge=1, le=60)
    sign_in_ring_s: float = Field(default=12.0, ge=1, le=60)
    quality_every_s: float = Field(default=5.0, ge=0.5, le=60)  # between looks at a leg's RTP
    # What an abandoned customer hears; any ARI media URIs, played in this order.
    abandonment_message: tuple[str, ...] = (
        "sound:im-sorry",
        "sound:please-try-call-later",
        "sound:goodbye",
    )

    @property
    def app(self) -> str:
        """The Stasis application of this replica."""
        return f"acd-{self.replica}"
