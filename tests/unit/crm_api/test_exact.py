"""Bodies take what their schema says, and nothing that could be read as it."""

from __future__ import annotations

import re
from typing import Annotated, Any, get_args

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field, ValidationError

from ringway.crm_api.app import NOUNS
from ringway.crm_api.openapi_parameters import refuse_blanks
from ringway.crm_api.schemas import Body, Name, Text
from ringway.crm_api.trunks.schemas import TrunkBody
from ringway.proto.acd import PutTrunkV1
from ringway.proto.acd_config import BlockedCaller
from ringway.proto.exact import Exact

pytestmark = pytest.mark.unit


class Inner(Body):
    """A model inside."""

    is_on: bool = False


class Outer(Body):
    """One of each place where a number or a boolean may stand."""

    whole: Annotated[int, Field(ge=1, le=5)] = 1
    part: float | None = None
    several: tuple[Annotated[float, Field(ge=0)], ...] = ()
    named: dict[str, int] = Field(default={})
    either: int | str | bool = 1
    inner: Inner = Inner()
    default: int = 1
    type: int = 1
    same: Outer | None = None


@pytest.mark.parametrize(
    "body",
    [
        {"whole": True},
        {"whole": "1"},
        {"part": False},
        {"part": "NaN"},
        {"several": [True]},
        {"named": {"a": "1"}},
        {"inner": {"is_on": 1}},
        {"inner": {"is_on": "no"}},
        {"default": True},
        {"type": "1"},
        {"same": {"whole": "1"}},
    ],
)
def test_what_could_be_read_as_a_number_or_a_boolean_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Outer.model_validate(body)


def test_what_is_one_is_taken_as_json_has_it() -> None:
    taken = Outer.model_validate({"whole": 5.0, "part": 1, "several": [0, 0.5], "either": True})
    assert (taken.whole, taken.part, taken.several, taken.either) == (5, 1.0, (0, 0.5), True)
    fields = Outer.model_json_schema()["$defs"]["Outer"]["properties"]
    assert fields["whole"] == {
        "default": 1,
        "maximum": 5,
        "minimum": 1,
        "title": "Whole",
        "type": "integer",
    }


def test_an_error_names_the_choice_by_its_type() -> None:
    with pytest.raises(ValidationError) as refused:
        Outer.model_validate({"either": []})
    assert [each["loc"] for each in refused.value.errors()] == [
        ("either", "int"),
        ("either", "str"),
        ("either", "bool"),
    ]


def test_the_schema_says_what_text_is_refused() -> None:
    class Note(Body):
        name: Name
        about: Text = ""

    fields = Note.model_json_schema()["properties"]
    for name, text in {"name": "a\x07", "about": "\x1b"}.items():
        assert not re.search(fields[name]["pattern"], text)
        assert re.search(fields[name]["pattern"], "安娜 und\tAnn")
        with pytest.raises(ValidationError):
            Note.model_validate({"name": "a", name: text})
    refuse_blanks(fields)
    assert not re.search(fields["name"]["pattern"], " \t")
    assert re.search(fields["name"]["pattern"], " a ")
    assert re.search(fields["about"]["pattern"], " ")


def test_a_moment_in_a_message_is_text() -> None:
    with pytest.raises(ValidationError):
        BlockedCaller.model_validate({"number": "+40215550100", "until": 0.5})


def _models(kind: Any, found: set[type[BaseModel]]) -> None:
    """Add each model that ``kind`` is or holds."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if kind not in found:
            found.add(kind)
            for field in kind.model_fields.values():
                _models(field.annotation, found)
        return
    for part in get_args(kind):
        _models(part, found)


def test_all_that_is_sent_as_a_body_is_exact_and_reads_moments_as_text() -> None:
    """A message's model that is taken as a body must derive from Exact, or go through strict()."""
    found: set[type[BaseModel]] = set()
    for router in NOUNS:
        for route in router.routes:
            if isinstance(route, APIRoute):
                for each in route.dependant.body_params:
                    _models(each.field_info.annotation, found)
    assert len(found) > 200
    assert [each.__name__ for each in found if not issubclass(each, Exact)] == []
    for model in found:
        for name, field in model.model_fields.items():
            kind = repr((field.annotation, field.metadata))
            assert "BeforeValidator" in kind or "datetime" not in kind, f"{model.__name__}.{name}"


def test_what_a_trunk_may_be_its_owner_takes() -> None:
    asked, taken = (model.model_json_schema()["properties"] for model in (TrunkBody, PutTrunkV1))
    for name in asked.keys() & taken.keys():
        longest = taken[name].get("maxLength")
        assert longest is None or asked[name].get("maxLength", longest) <= longest, name
