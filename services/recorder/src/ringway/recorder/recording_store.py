"""The index of recordings, as the media server reads it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from ringway.runtime.postgres import Pool

_FIND = """
    SELECT file_name, size_bytes, sha256 FROM recorder.recording
     WHERE tenant_id = $1 AND recording_id = $2 AND state = 'stored'
"""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A playable recording."""

    file_name: str
    size_bytes: int
    sha256: str


class RecordingStore:
    """Finds recordings. Raises ``PostgresDown`` when PostgreSQL is."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, tenant_id: UUID, recording_id: UUID) -> StoredFile | None:
        """Return a recording of a tenant, or ``None`` when it has none that can be played."""
        async with self._pool.tenant(tenant_id) as conn:
            row = await conn.fetchrow(_FIND, tenant_id, recording_id)
        return StoredFile(**row) if row else None
