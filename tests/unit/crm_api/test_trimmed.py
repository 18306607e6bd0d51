"""Text that loses the blanks at its ends fits or fails as the document says: as it came."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import Field, TypeAdapter, ValidationError

from ringway.crm_api.app import NOUNS
from ringway.crm_api.customers.schemas import Email
from ringway.crm_api.openapi_parameters import refuse_blanks
from ringway.crm_api.schemas import Body, Text
from ringway.proto.acd_config import Name as Named
from ringway.proto.exact import Exact, Measured

pytestmark = pytest.mark.unit
_PARAMETERS = ("query_params", "path_params", "header_params", "cookie_params", "body_params")

Word = Annotated[Text, Field(max_length=3)]


class Words(Body):
    """One of each place where text may stand."""

    one: Word | None = None
    several: list[Word] = Field(default=[])
    named: dict[Word, Word] = Field(default={})
    either: int | Word = 1


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"one": " a "}, {"one": "a"}),
        ({"several": ["ab ", "\tab"]}, {"several": ["ab", "ab"]}),
        ({"named": {" a": "b "}}, {"named": {"a": "b"}}),
        ({"either": "a\n"}, {"either": "a"}),
    ],
)
def test_what_fits_as_it_came_is_kept_without_its_blanks(
    sent: dict[str, Any], kept: dict[str, Any]
) -> None:
    assert Words.model_validate(sent).model_dump(include=set(sent)) == kept


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        ({"one": " abc"}, ("one",)),
        ({"several": ["abc "]}, ("several", 0)),
        ({"named": {" abc": "a"}}, ("named", " abc", "[key]")),
        ({"named": {"a": "abc\t"}}, ("named", "a")),
        ({"either": "  a  "}, ("either", "str")),
    ],
)
def test_what_is_too_long_as_it_came_is_refused(
    sent: dict[str, Any], place: tuple[str | int, ...]
) -> None:
    with pytest.raises(ValidationError) as refused:
        Words.model_validate(sent)
    assert (place, "string_too_long") in [
        (each["loc"], each["type"]) for each in refused.value.errors()
    ]


def test_a_parameter_is_measured_as_it_came() -> None:
    parameter: TypeAdapter[str | None] = TypeAdapter(Annotated[Word | None, Measured()])
    assert parameter.validate_python("ab ") == "ab"
    with pytest.raises(ValidationError, match="at most 3 characters"):
        parameter.validate_python("abc ")


def test_a_message_measures_as_the_api_does() -> None:
    """A name that the API takes, its service takes, too."""

    class Stored(Exact):
        name: Named

    assert Stored(name=" " + "a" * 99).name == "a" * 99
    with pytest.raises(ValidationError, match="at most 100 characters"):
        Stored(name=" " + "a" * 100)


@pytest.mark.parametrize(
    ("least", "short", "enough"),
    [
        (1, ["", " ", "\t\n"], ["a", " a "]),
        (2, ["a", " a", "a\t", "  "], ["ab", " ab", "a b"]),
        (5, ["abcd", "  abcd  ", "     "], ["abcde", "a   b", " abcde "]),
    ],
)
def test_the_document_says_how_short_text_may_be_without_its_blanks(
    least: int, short: list[str], enough: list[str]
) -> None:
    reader: TypeAdapter[str] = TypeAdapter(
        Annotated[Text, Field(min_length=least, max_length=9), Measured()]
    )
    said = reader.json_schema()
    refuse_blanks(said)
    assert (said["minLength"], said["maxLength"]) == (least, 9)
    for text in [*short, *enough]:
        fits = len(text) >= least and re.search(said["pattern"], text) is not None
        assert fits == (text in enough), text
        try:
            reader.validate_python(text)
        except ValidationError:
            assert not fits, text
        else:
            assert fits, text


def test_a_key_of_blanks_alone_is_none() -> None:
    kind = dict[Annotated[Text, Field(min_length=1)], int]
    reader = TypeAdapter(Annotated[kind, Measured()])
    said = reader.json_schema()
    refuse_blanks(said)
    (pattern,) = said["patternProperties"]
    assert reader.validate_python({" a": 1}) == {"a": 1}
    assert re.search(pattern, " a")
    assert not re.search(pattern, " ")
    with pytest.raises(ValidationError, match="at least 1 character"):
        reader.validate_python({" ": 1})


@pytest.mark.parametrize(
    ("text", "fits"),
    [("a@b", True), (" a@b\n", True), ("a@b\x1c", False), ("\x0ba@b", False), ("a b@c", False)],
)
def test_the_document_says_what_may_be_around_an_address(text: str, fits: bool) -> None:
    """Not every engine's ``\\s`` takes the same control characters."""
    reader: TypeAdapter[str] = TypeAdapter(Annotated[Email, Measured()])
    assert (re.search(reader.json_schema()["pattern"], text) is not None) == fits
    if fits:
        assert reader.validate_python(text) == "a@b"
    else:
        with pytest.raises(ValidationError):
            reader.validate_python(text)


def _trimmed(part: Any, *, is_measured: bool = False) -> Iterator[bool]:
    """Yield of each trimmed text in a core schema whether it is measured before."""
    match part:
        case list() | tuple():
            for each in part:
                yield from _trimmed(each, is_measured=is_measured)
        case {"type": "str", "strip_whitespace": True}:
            yield is_measured
        case dict():
            for word, each in part.items():
                if word not in ("metadata", "default", "serialization"):
                    in_chain = part.get("type") == "chain" and word == "steps"
                    yield from _trimmed(each, is_measured=in_chain or is_measured)


def _parameters(dependant: Dependant) -> Iterator[tuple[str, Any]]:
    for kind in _PARAMETERS:
        for each in getattr(dependant, kind):
            info = each.field_info
            adapter = TypeAdapter[Any](Annotated[info.annotation, info])  # type: ignore[arg-type]
            yield each.name, adapter.core_schema
    for inner in dependant.dependencies:
        yield from _parameters(inner)


def test_all_trimmed_text_that_comes_from_outside_is_measured_before() -> None:
    trimmed, missed = 0, []
    for router in NOUNS:
        for route in router.routes:
            if not isinstance(route, APIRoute):
                continue  # the events' WebSocket, which takes no text
            for name, schema in _parameters(route.dependant):
                found = list(_trimmed(schema))
                trimmed += len(found)
                if not all(found):
                    missed.append(f"{route.name}: {name}")
    assert missed == []
    assert trimmed > 200
