"""Settings of the CRM API."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from ringway.runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """Read from ``RINGWAY_CRM_API_*``. Health is served on the HTTP port itself."""

    health_port: int = Field(default=0, ge=0, le=65535)
    http_host: str = "127.0.0.1"
    http_port: int = Field(ge=0, le=65535)
    # HS256 needs a key at least as long as its hash.
    token_secret: SecretStr = Field(min_length=32)
    # What encrypts secrets in the database; None: token_secret. To change it, name the old one
    # as the previous: it goes on opening what it sealed.
    vault_secret: SecretStr | None = Field(default=None, min_length=32)
    vault_secret_previous: SecretStr | None = Field(default=None, min_length=32)
    media_secret: SecretStr = Field(min_length=16)
    recorder_url: str
    sip_address: str
    sip_ws: str
    platform_admin_password: SecretStr = Field(min_length=8)

    access_token_s: float = Field(default=900, gt=0)
    refresh_token_s: float = Field(default=14 * 86_400, gt=0)
    lockout_failures: int = Field(default=5, ge=1)
    # From this failure on every one more doubles the wait, up to the longest.
    lockout_first_s: float = Field(default=15, gt=0)
    lockout_s: float = Field(default=900, gt=0)
    # Sign-ins of one client address: a burst, then so many a second.
    sign_in_burst: int = Field(default=200, ge=1)
    sign_in_rate: float = Field(default=5, gt=0)
    # Requests of one user or API key, and refused tokens of one client address; per replica.
    request_burst: int = Field(default=5000, ge=1)
    request_rate: float = Field(default=500, gt=0)
    refusal_burst: int = Field(default=1000, ge=1)
    refusal_rate: float = Field(default=10, gt=0)
    # Identity providers may be at these hosts although they are inside of a network.
    sso_inside_hosts: tuple[str, ...] = ()
    # Endpoints of webhooks may be at these, and need no TLS there.
    webhook_inside_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()

    body_max_bytes: int = Field(default=1_000_000, ge=1_000)
    bulk_max_bytes: int = Field(default=8_000_000, ge=1_000)  # thousands of leads in one request
    import_max_bytes: int = Field(default=100_000_000, ge=1_000)
    import_max_rows: int = Field(default=1_000_000, ge=1)
    import_chunk_rows: int = Field(default=10_000, ge=1, le=50_000)  # of customers, at once
    work_dir: Path | None = None  # uploads wait here; None: the system's temporary folder
    # What look-ups attached to interactions, for agents who come back to them.
    attached_data_days: int = Field(default=180, ge=1, le=3650)
    event_send_timeout_s: float = Field(default=10, gt=0)
