"""Messages' models as payloads from outside: there, a field that nobody knows is an error."""

from __future__ import annotations

from copy import copy
from datetime import date
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel, ConfigDict, create_model

from ringway.crm_api.core.moments import Day, Moment
from ringway.proto.exact import Exact


class _Strict(Exact):
    model_config = ConfigDict(extra="forbid")


@cache
def strict(model: type[BaseModel]) -> type[BaseModel]:
    """Return a subclass that refuses unknown fields and what only resembles a value."""
    fields: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        wanted = _strict_type(info.annotation)
        if wanted is not info.annotation:
            changed = copy(info)
            changed.annotation = wanted
            fields[name] = (wanted, changed)
    return create_model(
        f"{model.__name__}Body",
        __base__=(model, _Strict),
        __module__=__name__,
        __doc__=model.__doc__,
        **fields,
    )


def _strict_type(kind: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return strict(kind)
    if kind is AwareDatetime:
        return Moment
    if kind is date:
        return Day
    arguments = get_args(kind)
    wanted = tuple(_strict_type(each) for each in arguments)
    if all(new is old for new, old in zip(wanted, arguments, strict=True)):
        return kind
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return Union[wanted]  # noqa: UP007 - of types that are known at run time only
    return origin[wanted]
