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
    cdr_keep_days: float = Field(default=7, gt=0)

    @property
    def app(self) -> str:
        """The Stasis application of this replica."""
        return f"dialer-{self.replica}"
