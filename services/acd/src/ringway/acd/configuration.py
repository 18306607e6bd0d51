"""Everything that one tenant configured of its ACD: kept in PostgreSQL, cached here, typed.

Reading never waits. A change is checked, written, cached and then told to who asked for it, one
after another, so that no two changes are checked against what neither of them leaves behind.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from ringway.acd import config_store as store
from ringway.acd.config_checks import SETTINGS_ID, Known, check_delete, check_put
from ringway.acd.config_references import unique_fields
from ringway.proto.acd_config import CONFIGS, AcdSettings, Config
from ringway.runtime.errors import PostgresDown, Refused
from ringway.runtime.postgres import Pool

_log = logging.getLogger("ringway.acd.configuration")

OBJECTS_AT_MOST = 50_000  # of one kind and tenant: all are held in memory

M = TypeVar("M", bound=Config)
OnChange = Callable[[str, str, Config | None, Config | None], None]
"""Called with kind, object id, what was and what is; None: there was or is none."""


@dataclass(frozen=True, slots=True)
class Version:
    """Which version of an object is stored, and since when."""

    number: int
    changed_at: datetime


class Configuration:
    """Every object that one tenant configured. Make it with :meth:`load`."""

    def __init__(self, pool: Pool, tenant: str) -> None:
        self.tenant = tenant
        self._pool = pool
        self._objects: dict[str, dict[str, Config]] = {kind: {} for kind in CONFIGS}
        self._versions: dict[tuple[str, str], Version] = {}
        self._holders: dict[tuple[str, str, Hashable], str] = {}  # of unique values
        self._callbacks: list[OnChange] = []
        self._changing = asyncio.Lock()
        self._is_doubtful = False

    @classmethod
    async def load(cls, pool: Pool, tenant: str) -> Configuration:
        """Read one tenant's objects.

        Raises:
            PostgresDown: It does not answer.
        """
        configuration = cls(pool, tenant)
        await configuration._read()
        return configuration

    # -- reading -------------------------------------------------------------------------------

    def get(self, model: type[M], object_id: str) -> M | None:
        """Return one object, or None."""
        return cast("M | None", self._objects[model.KIND].get(object_id))

    def all(self, model: type[M]) -> Mapping[str, M]:
        """Return a live view of the objects of a kind by their ids."""
        return MappingProxyType(cast("dict[str, M]", self._objects[model.KIND]))

    @property
    def settings(self) -> AcdSettings:
        """The tenant's own settings; their defaults when it has not stored any."""
        return self.get(AcdSettings, SETTINGS_ID) or AcdSettings()

    def version(self, kind: str, object_id: str) -> Version | None:
        """Return which version of an object is stored; None: there is no such object."""
        return self._versions.get((kind, object_id))

    def holder(self, kind: str, field: str, value: Hashable) -> str | None:
        """Return which object of a kind has this value of a unique field."""
        return self._holders.get((kind, field, value))

    def on_change(self, callback: OnChange) -> None:
        """Have ``callback`` called after each change, when the cache already shows it."""
        self._callbacks.append(callback)

    # -- changing ------------------------------------------------------------------------------

    async def put(
        self,
        object_id: str,
        new: Config,
        *,
        known: Known,
        at: datetime,
        if_version: int | None = None,
    ) -> Version:
        """Create or replace an object; a repeat of the last change is not another one.

        Args:
            if_version: Only when this version is stored; 0: only when there is none.

        Raises:
            Refused: ``config_invalid``, ``reference_unknown``, ``name_taken``,
                ``config_changed``.
            PostgresDown: Perhaps it is stored, perhaps not: :meth:`settle` finds out.
        """
        kind = new.KIND
        async with self._changing:
            await self._settle()
            has = self._versions.get((kind, object_id))
            number = has.number if has is not None else 0
            is_same = self._objects[kind].get(object_id) == new
            if is_same and has is not None and if_version in (None, number, number - 1):
                return has
            self._check_version(kind, object_id, if_version)
            if has is None and len(self._objects[kind]) >= OBJECTS_AT_MOST:
                raise Refused(
                    "config_invalid", f"There are {OBJECTS_AT_MOST} already; delete some first."
                )
            check_put(self, object_id, new, known)
            made = Version(number + 1, at)
            body = new.model_dump(mode="json")
            row = store.Row(kind, object_id, made.number, at, body)
            try:
                async with self._pool.tenant(self.tenant) as conn:
                    await store.put(conn, tenant=self.tenant, row=row)
            except store.StoredOtherwise as exc:
                self._is_doubtful = True
                raise _changed(kind, object_id) from exc
            except PostgresDown:
                self._is_doubtful = True
                raise
            self._replace(kind, object_id, new, made)
            return made

    async def delete(self, kind: str, object_id: str, *, if_version: int | None = None) -> None:
        """Delete an object; one that is not there is deleted already.

        Raises:
            Refused: ``config_in_use``, ``config_changed``.
            PostgresDown: Perhaps it is deleted, perhaps not: :meth:`settle` finds out.
        """
        async with self._changing:
            await self._settle()
            has = self._versions.get((kind, object_id))
            if has is None:
                return
            self._check_version(kind, object_id, if_version)
            check_delete(self, kind, object_id)
            try:
                async with self._pool.tenant(self.tenant) as conn:
                    await store.delete(
                        conn,
                        tenant=self.tenant,
                        kind=kind,
                        object_id=object_id,
                        version=has.number,
                    )
            except store.StoredOtherwise as exc:
                self._is_doubtful = True
                raise _changed(kind, object_id) from exc
            except PostgresDown:
                self._is_doubtful = True
                raise
            self._replace(kind, object_id, None, None)

    async def settle(self) -> None:
        """Read again when a change's outcome is not known; else do nothing.

        Raises:
            PostgresDown: It still does not answer.
        """
        if self._is_doubtful:
            async with self._changing:
                await self._settle()

    # -- small parts ---------------------------------------------------------------------------

    async def _settle(self) -> None:
        if self._is_doubtful:
            await self._read()
            self._is_doubtful = False

    async def _read(self) -> None:
        async with self._pool.tenant(self.tenant) as conn:
            rows = await store.load(conn, tenant=self.tenant)
        found: set[tuple[str, str]] = set()
        for row in rows:
            key, version = (row.kind, row.object_id), Version(row.version, row.changed_at)
            if row.kind not in CONFIGS or self._versions.get(key) == version:
                found.add(key)
                continue
            found.add(key)
            config = _typed(self.tenant, CONFIGS[row.kind], row)
            self._replace(*key, config, version)
            self._versions[key] = version  # what cannot be read can be replaced and deleted
        for kind, object_id in self._versions.keys() - found:
            self._replace(kind, object_id, None, None)

    def _check_version(self, kind: str, object_id: str, wanted: int | None) -> None:
        has = self._versions.get((kind, object_id))
        if wanted is not None and wanted != (has.number if has is not None else 0):
            raise _changed(kind, object_id)

    def _replace(
        self, kind: str, object_id: str, new: Config | None, version: Version | None
    ) -> None:
        old = self._objects[kind].get(object_id)
        for field, value in unique_fields(old) if old is not None else ():
            if self._holders.get((kind, field, value)) == object_id:
                del self._holders[kind, field, value]
        for field, value in unique_fields(new) if new is not None else ():
            self._holders[kind, field, value] = object_id
        if new is None or version is None:
            self._objects[kind].pop(object_id, None)
            self._versions.pop((kind, object_id), None)
        else:
            self._objects[kind][object_id] = new
            self._versions[kind, object_id] = version
        for callback in self._callbacks:
            try:
                callback(kind, object_id, old, new)
            except Exception:  # the change is made; one listener's bug must not hide it
                _log.exception(
                    "A change of the configuration could not be followed.",
                    extra={"tenant": self.tenant, "kind": kind, "object_id": object_id},
                )


def _changed(kind: str, object_id: str) -> Refused:
    return Refused(
        "config_changed",
        f"Another version of {kind} {object_id} is stored; read it and change that.",
    )


def _typed(tenant: str, model: type[Config], row: store.Row) -> Config | None:
    """Return a stored object; fields that only a newer release knows are left out."""
    wrong: list[str] = []
    for _ in range(2):
        try:
            return model.model_validate(row.body)
        except ValidationError as exc:
            wrong = [".".join(map(str, each["loc"])) for each in exc.errors()]
            for each in exc.errors():
                if each["type"] == "extra_forbidden":
                    _drop(row.body, each["loc"])
    _log.error(
        "A stored object cannot be read; it counts as absent.",
        extra={"tenant": tenant, "kind": row.kind, "object_id": row.object_id, "fields": wrong},
    )
    return None


def _drop(body: Any, path: tuple[int | str, ...]) -> None:
    for part in path[:-1]:
        body = body[part]
    del body[path[-1]]
