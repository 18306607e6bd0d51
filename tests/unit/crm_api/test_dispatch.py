"""The quick way to a route leads where asking them all does."""

from __future__ import annotations

import re

import pytest
from fastapi import APIRouter, FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import compile_path

from ringway.crm_api import dispatch
from ringway.crm_api.app import NOUNS, included, make_api

pytestmark = pytest.mark.unit

APP = make_api()
DISPATCH = APP.router.middleware_stack
# Of each route of the application, in order, what its paths fit.
INCLUDED = included()
PATHS = [[f"{prefix}{getattr(each, 'path', '')}" for each in r.routes] for r, prefix in INCLUDED]
PATTERNS = [[compile_path(path)[0] for path in paths] for paths in PATHS]
TEMPLATES = sorted({"", "/", "/api/v1/", "/api/v1/nothing", *(p for paths in PATHS for p in paths)})
WORDS = sorted({part for path in TEMPLATES for part in path.split("/") if "{" not in part})
IDS = ("019a0000-0000-7000-8000-000000000001", "7", "{}", "{id}", "{x:path}", "%2F", "ă")
PART = st.one_of(st.sampled_from(WORDS), st.sampled_from(IDS))


def same(path: str) -> None:
    """Check that every route that fits is asked, and in the order of all."""
    assert isinstance(DISPATCH, dispatch.Dispatch)
    fitting = [
        route
        for route, patterns in zip(APP.router.routes, PATTERNS, strict=True)
        if any(each.match(path) for each in patterns)
    ]
    chosen = DISPATCH.of(path).routes
    assert len(chosen) < len(APP.router.routes) / 3
    kept = [route for route in chosen if any(route is each for each in fitting)]
    assert len(kept) == len(fitting)
    assert all(one is other for one, other in zip(kept, fitting, strict=True)), path


def test_every_route_is_found_and_few_are_asked() -> None:
    for template in TEMPLATES:
        same(re.sub(r"\{[^}]*\}", IDS[0], template))


@given(st.sampled_from(TEMPLATES), st.lists(PART, max_size=6), st.integers(0, 8))
def test_any_path_is_answered_as_if_all_routes_were_asked(
    template: str, parts: list[str], at: int
) -> None:
    mixed = template.split("/")
    mixed[at : at + len(parts)] = parts
    same("/".join(mixed))


def test_a_path_that_fits_two_templates_knows_the_methods_of_the_more_exact_one() -> None:
    assert isinstance(DISPATCH, dispatch.Dispatch)
    for path, methods in {
        "/api/v1/customers/imports": {"GET", "POST"},
        "/api/v1/customers/exports": {"POST"},
        f"/api/v1/objects/{IDS[0]}/records/bulk": {"POST"},
    }.items():
        assert DISPATCH.methods(path) == frozenset(methods)
    for path in (f"/api/v1/customers/{IDS[0]}", f"/api/v1/objects/{IDS[0]}/records/{IDS[0]}", "/"):
        assert DISPATCH.methods(path) is None


def test_of_the_routes_of_a_router_few_are_asked() -> None:
    for noun in NOUNS:
        parts = dispatch.split(noun, "/api/v1")
        assert {id(each) for part in parts for each in part.routes} == {*map(id, noun.routes)}
        for part in parts:
            counts = {getattr(each, "path", "").count("/") for each in part.routes}
            assert len(counts) == 1


def test_a_router_that_is_not_known_or_has_wide_paths_is_refused() -> None:
    app = FastAPI(openapi_url=None)
    router = APIRouter(prefix="/files")
    router.add_api_route("/{name:path}", lambda name: name)
    app.include_router(router, prefix="/api/v1")
    with pytest.raises(ValueError, match="several parts"):
        dispatch.install(app, [(router, "/api/v1")])
    with pytest.raises(ValueError, match="one entry"):
        dispatch.install(app, [])
