"""Which routes a request may mean: those of its noun, instead of all, one after another.

A path is compared with a pattern for each route until one fits; with hundreds of routes that takes
longer than most answers. Here the first two parts of a path behind the version, and how many parts
it has, choose the routers that have such a route. They are asked in their order, as all would be:
the others could not have fitted.

A path that fits two templates is that of the more exact one, as OpenAPI has it: /customers/imports
never is the customer whose id would be "imports", whatever the method.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.routing import Router
from starlette.types import Receive, Scope, Send

_VERSION_PARTS = 2  # /api/v1
_ANY = "{}"
_Key = tuple[int, str, str]


class Dispatch:
    """Chooses among an application's routers; make it when all are included.

    Args:
        paths: For each route of the application, in order, the paths that it serves; empty: it is
            asked whatever the path is.
        methods: For each path of ``paths`` those that it knows.

    Raises:
        ValueError: A path has a parameter that may have several parts.
    """

    def __init__(
        self,
        router: Router,
        paths: Sequence[Sequence[str]],
        methods: Mapping[str, frozenset[str]],
    ) -> None:
        if len(paths) != len(router.routes):
            raise ValueError("paths: one entry for each route")
        keys = [{_key_of_template(path) for path in each} for each in paths]
        self._all = router
        self._literal = {path: known for path, known in methods.items() if "{" not in path}
        self._exact: dict[_Key, list[tuple[tuple[str, ...], frozenset[str]]]] = {}
        for path in _shadowed(methods):
            parts = tuple(path.split("/"))
            self._exact.setdefault(_key_of_template(path), []).append((parts, methods[path]))
        self._rest = _only(router, [not each for each in keys])
        self._chosen = {
            wanted: _only(router, [not each or _may_fit(each, wanted) for each in keys])
            for wanted in {key for each in keys for key in each}
        }

    def of(self, path: str) -> Router:
        """Return a router with all routes that ``path`` may mean."""
        count, noun, part = _key(path)
        for key in (
            (count, noun, part),
            (count, noun, _ANY),
            (count, _ANY, part),
            (count, _ANY, _ANY),
        ):
            if (found := self._chosen.get(key)) is not None:
                return found
        return self._rest

    def methods(self, path: str) -> frozenset[str] | None:
        """Return what a path knows that others would take for theirs; None: one route says it."""
        if (known := self._literal.get(path)) is not None:
            return known
        count, noun, part = _key(path)
        for key in ((count, noun, _ANY), (count, noun, part)) if self._exact else ():
            for template, methods in self._exact.get(key, ()):
                if _fits(template, path.split("/")):
                    return methods
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or the lifespan.

        Raises:
            HTTPException: 405; the path does not know the method.
        """
        path = scope.get("path", "")
        chosen = self._all if scope.get("root_path") else self.of(path)
        if scope["type"] == "http":
            known = self.methods(path)
            if known is not None and scope["method"] not in known:
                raise HTTPException(405)
        await chosen.app(scope, receive, send)


def split(router: APIRouter, prefix: str) -> list[APIRouter]:
    """Return routers with the routes of one, a router for those that no dispatch tells apart.

    A router asks its routes one after another, too, and twice for each request.
    """
    parts: dict[_Key, APIRouter] = {}
    for route in router.routes:
        key = _key_of_template(f"{prefix}{getattr(route, 'path', '')}")
        parts.setdefault(key, APIRouter()).routes.append(route)
    return list(parts.values())


def install(app: FastAPI, included: Sequence[tuple[APIRouter, str]]) -> None:
    """Let the routes of an application be found by their noun.

    Args:
        included: All routers of the application with their prefixes, as they were included.

    Raises:
        ValueError: The application has other routes besides, or those of :class:`Dispatch`.
    """
    paths = []
    methods: dict[str, frozenset[str]] = {}
    for router, prefix in included:
        known = [getattr(route, "path", None) for route in router.routes]
        paths.append([] if None in known else [f"{prefix}{path}" for path in known])
        for route in router.routes:
            path = f"{prefix}{getattr(route, 'path', '')}"
            known_here = frozenset(getattr(route, "methods", None) or ())
            methods[path] = methods.get(path, frozenset()) | known_here
    app.router.middleware_stack = Dispatch(app.router, paths, methods)


def _only(router: Router, wanted: Sequence[bool]) -> Router:
    """Return a router of the same kind with some of the routes."""
    part = copy.copy(router)
    part.routes = [route for route, is_in in zip(router.routes, wanted, strict=True) if is_in]
    return part


def _key(path: str) -> _Key:
    parts = path.split("/")[1:]
    noun, part, *_ = [*parts[_VERSION_PARTS:], "", ""]
    return len(parts), noun, part


def _key_of_template(path: str) -> _Key:
    if ":path}" in path:
        raise ValueError(f"{path}: a parameter of several parts")
    count, noun, part = _key(path)
    return count, _ANY if "{" in noun else noun, _ANY if "{" in part else part


def _fits(template: Sequence[str], parts: Sequence[str]) -> bool:
    return len(template) == len(parts) and all(
        "{" in one or one == other for one, other in zip(template, parts, strict=True)
    )


def _shadowed(templates: Iterable[str]) -> list[str]:
    """Return those with parameters whose paths fit a wider template, too."""
    alike: dict[tuple[int, str], list[list[str]]] = {}  # by count of parts and noun
    for path in templates:
        count, noun, _ = _key_of_template(path)
        alike.setdefault((count, noun), []).append(path.split("/"))
    return [
        "/".join(one)
        for (count, _), ones in alike.items()
        for one in ones
        if any("{" in part for part in one)
        and any(
            _fits(other, one) and not _fits(one, other)
            for other in (*ones, *alike.get((count, _ANY), ()))
        )
    ]


def _may_fit(keys: set[_Key], wanted: _Key) -> bool:
    return any(
        count == wanted[0] and noun in (_ANY, wanted[1]) and part in (_ANY, wanted[2])
        for count, noun, part in keys
    )
