"""Settings of the dialer."""

from __future__ import annotations

from pydantic import Field

from ringway.runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """``RINGWAY_DIALER_*``."""

    lease_ttl_s: float = Field(default=3.0, ge=1, le=60)  # the same as the ACD's
    # What an abandoned customer hears when the ACD cannot see to it; any ARI media URIs.
    abandonment_message: tuple[str, ...] = (
        "sound:im-sorry",
        "sound:please-try-call-later",
        "sound:goodbye",
    )
    # Where Asterisk brings the audio of calls that are listened to; port 0: any free one.
    listen_host: str = "127.0.0.1"
    listen_port: int = Field(default=0, ge=0, le=65535)
    listen_advertised: str = ""  # host or host:port by which Asterisk reaches it; empty: the same
    cdr_keep_days: float = Field(default=7, gt=0)
    proof_keep_days: int = Field(default=1826, ge=30, le=36_500)  # refusals, changes of lists

    @property
    def app(self) -> str:
        """The Stasis application of this replica."""
        return f"dialer-{self.replica}"
