"""The strings of a JSON Schema as passages. Pure: no I/O, no clock.

A schema is what tools say of their parameters; models read all of it. Names of properties are text,
the keywords of JSON Schema (2020-12 and those of OpenAPI 3.0) are not.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Final

from gateway.model.jsonvalue import JsonValue
from gateway.model.passage import Path
from gateway.wire.jsonstrings import Collector, Rule, Spot, here, mapped, token


def schema(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """A schema, in the channel of what it is in."""
    out.shaped(value, path, spot, _SCHEMA)


def _several(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """A schema, or a list of them."""
    for index, one in enumerate(value if isinstance(value, list) else ()):
        schema(out, one, (*path, index), spot)
    if not isinstance(value, list):
        schema(out, value, path, spot)


def _rules(rule: Rule, names: str) -> Iterable[tuple[str, Rule]]:
    return ((name, rule) for name in names.split())


_SCHEMA: Final[dict[str, Rule]] = dict(
    chain(
        _rules(here(), "title description $comment default examples example enum const pattern"),
        _rules(token, "type format $schema $id $ref $anchor $dynamicRef $dynamicAnchor"),
        _rules(token, "contentEncoding contentMediaType nullable readOnly writeOnly deprecated"),
        _rules(token, "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf uniqueItems"),
        _rules(token, "minLength maxLength minItems maxItems minProperties maxProperties"),
        _rules(token, "minContains maxContains required"),
        _rules(_several, "items prefixItems anyOf oneOf allOf additionalProperties not if then"),
        _rules(_several, "else contains propertyNames unevaluatedItems unevaluatedProperties"),
        _rules(mapped(schema), "properties patternProperties $defs definitions dependentSchemas"),
    )
)
