"""An Asterisk whose books are late, without any network: how it lets go of deleted SIP objects.

As a busy Asterisk does it: a deleted object is struck off some time after the answer, by its name,
whatever has that name by then. An object that is put strikes itself in at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import unquote

import orjson

from ringway.runtime.ari import AriNode, AriNotFound
from ringway.runtime.ari.base import DEFAULT_TIMEOUT_S
from ringway.runtime.ari.http import Query
from ringway.runtime.ari.models import Raw
from ringway.runtime.ari.system import SystemCommands

_CONFIG = "asterisk/config/dynamic/res_pjsip/"


class LateAsterisk(SystemCommands):
    """Answers what is asked about SIP objects.

    Args:
        late: How many requests come before a deletion is carried out.
    """

    def __init__(self, late: int) -> None:
        self.objects: dict[tuple[str, str], dict[str, str]] = {}
        self.listed: dict[str, list[str]] = {}
        """Endpoints with their channels."""
        self.asked: list[str] = []
        self._late = late
        self._due: deque[tuple[int, Callable[[], object]]] = deque()

    @property
    def node(self) -> AriNode:
        """Itself, for who asks nothing else."""
        return cast(AriNode, self)

    def catch_up(self) -> None:
        """Carry out all that is due."""
        while self._due:
            self._due.popleft()[1]()

    async def _ask(
        self,
        command: str,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Raw | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> bytes:
        self.asked.append(f"{method} {path.removeprefix(_CONFIG)}")
        while self._due and self._due[0][0] < len(self.asked):
            self._due.popleft()[1]()
        if path.startswith(_CONFIG):
            kind, name = (unquote(each) for each in path.removeprefix(_CONFIG).split("/"))
            return orjson.dumps(self._config(method, kind, name, body))
        if path.startswith("endpoints/PJSIP/"):
            name = path.removeprefix("endpoints/PJSIP/")
            if name not in self.listed:
                raise AriNotFound(404, "Endpoint not found", command)
            channels = self.listed[name]
            return orjson.dumps({"technology": "PJSIP", "resource": name, "channel_ids": channels})
        raise AriNotFound(404, "Invalid method", command)

    def _config(self, method: str, kind: str, name: str, body: Raw | None) -> Any:
        if method == "PUT":
            fields = {each["attribute"]: each["value"] for each in (body or {})["fields"]}
            self.objects.setdefault((kind, name), {}).update(fields)
            if kind == "endpoint":
                self.listed.setdefault(name, [])
        elif (kind, name) not in self.objects:
            raise AriNotFound(404, "Object not found")
        elif method == "DELETE":
            del self.objects[kind, name]
            if kind == "endpoint":
                due = len(self.asked) + self._late
                self._due.append((due, lambda: self.listed.pop(name, None)))
        return [{"attribute": k, "value": v} for k, v in self.objects.get((kind, name), {}).items()]
