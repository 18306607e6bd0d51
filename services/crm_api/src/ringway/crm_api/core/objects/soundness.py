"""What a definition must be beyond its form: its defaults fit, its formulas can be computed."""

from __future__ import annotations

from ringway.crm_api.core.objects.definition import Definition, Field, FieldType
from ringway.crm_api.core.objects.formula import BadFormula, check_formula
from ringway.crm_api.core.objects.values import FieldError, Wrong, check_value

_TIMES = (FieldType.DATE, FieldType.DATETIME)


def faults(definition: Definition) -> list[FieldError]:
    """Return what is wrong with a definition's fields; empty when it can be used."""
    types = {f.key: f.type for f in definition.fields if f.type is not FieldType.FORMULA}
    found = []
    for each in definition.fields:
        try:
            _check(each)
            if each.type is FieldType.FORMULA and each.result is not None:
                # Here, not in the model: whoever does not administer objects is not shown it.
                check_formula(each.expression or "", types, each.result)
        except Wrong as wrong:
            found.append(FieldError(each.key, wrong.code, wrong.reason))
        except BadFormula as bad:
            found.append(FieldError(each.key, "formula_invalid", str(bad)))
    return found


def _check(field: Field) -> None:
    for bound in (field.min, field.max):
        is_time = field.type in _TIMES
        if bound is not None and is_time != isinstance(bound, str):
            wanted = "a date in quotes" if is_time else "a number"
            raise Wrong("bound_invalid", f"The bounds of a {field.type} are {wanted}.")
        if is_time and bound is not None:
            day = field.model_copy(update={"min": None, "max": None, "type": FieldType.DATE})
            check_value(day, bound)
    match field.min, field.max:
        case (float() as least, float() as most) if least > most:
            raise Wrong("bound_invalid", "min is more than max.")
        case (str() as first, str() as last) if first > last:
            raise Wrong("bound_invalid", "min is after max.")
    if field.is_unique and field.default is not None:
        raise Wrong("default_invalid", "A unique field has no default: two records would have it.")
    if field.default is not None:
        if field.type in (FieldType.ATTACHMENT, FieldType.REFERENCE):
            raise Wrong("default_invalid", f"A {field.type} has no default.")
        clean = check_value(field, field.default)
        if clean != field.default or type(clean) is not type(field.default):
            raise Wrong("default_invalid", f"Write the default as {clean!r}.")
