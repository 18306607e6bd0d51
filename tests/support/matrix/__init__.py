"""Objects and requests for the permission matrix: a module of this package for each area.

A module has either or both of these; they are found by their names.

    async def objects(crm, boss, slug, ids) -> dict[str, str]
        Make one object of each noun in the enterprise ``slug``, whose admin is ``boss``. ``ids``
        are the path parameters of the modules before it ("base" is the first, then by name), such
        as "tenant_id", "user_id", "customer_id". Return those of this area, by their names.

    def arguments(name, ids, n) -> dict[str, Any] | None
        Return keyword arguments of an HTTP request ("json", "headers", "params", "files") with
        which the operation ``name`` would be carried out; None: it is not of this area. ``n``
        differs from call to call.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType
from typing import Any

from tests.support.crm import Crm, Signed

_FIRST = "base"


def _areas() -> list[ModuleType]:
    names = {each.name for each in pkgutil.iter_modules(__path__)} - {_FIRST}
    return [import_module(f"{__name__}.{name}") for name in (_FIRST, *sorted(names))]


AREAS = _areas()


async def make_objects(crm: Crm, boss: Signed, slug: str) -> dict[str, str]:
    """Make one object of each noun; return path parameters by name."""
    ids: dict[str, str] = {}
    for area in AREAS:
        if hasattr(area, "objects"):
            ids |= await area.objects(crm, boss, slug, ids)
    return ids


def arguments_of(name: str, ids: dict[str, str], n: int) -> dict[str, Any]:
    """Return arguments of a request that an operation would carry out."""
    found = (area.arguments(name, ids, n) for area in AREAS if hasattr(area, "arguments"))
    return next((each for each in found if each is not None), {})
