"""JSON Schema and the reference page, both generated from the types of the configuration."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from gateway.config.shape import models_in


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a document kind, for editors."""
    schema = model.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def markdown_reference(models: Mapping[str, type[BaseModel]]) -> str:
    """The reference page: one chapter per document kind (title to model), one table per section."""
    chapters = (_chapter(title, model) for title, model in models.items())
    return "\n".join(chapters)


def _chapter(title: str, model: type[BaseModel]) -> str:
    tables = [_table(path, section) for path, section in _sections(model, "")]
    return "\n".join([f"## {title}\n", *tables])


def _sections(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """A model and all that it holds, depth first, each with its YAML path."""
    yield path, model
    for name, info in model.model_fields.items():
        below = f"{path}.{info.alias or name}".removeprefix(".")
        for inner in models_in(info.annotation):
            yield from _sections(inner, below + _many(info.annotation))


def _many(annotation: object) -> str:
    return "[]" if "tuple" in repr(annotation) else ""


def _table(path: str, model: type[BaseModel]) -> str:
    schema = model.model_json_schema()
    required: Sequence[str] = schema.get("required", ())
    fields = _with_enums(schema.get("properties", {}), schema.get("$defs", {}))
    rows = [
        f"| `{name}` | {_type(field)} | {_default(name, field, required)} "
        f"| {_cell(_described(field))} |"
        for name, field in fields.items()
    ]
    heading = f"### `{path}`\n\n" if path else ""
    text = " ".join((model.__doc__ or "").split())
    lines = [f"{heading}{text}\n", "| Key | Type | Default | |", "|---|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _with_enums(value: Any, definitions: Mapping[str, Any]) -> Any:
    """A part of a schema with the values of enumerations in place of references to them."""
    if isinstance(value, list):
        items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        return [_with_enums(item, definitions) for item in items]
    if not isinstance(value, dict):
        return value
    field: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
    defined = definitions.get(str(field.get("$ref", "")).removeprefix("#/$defs/"), {})
    if "enum" in defined:
        field = {**field, "enum": defined["enum"]}
        del field["$ref"]
    return {key: _with_enums(inner, definitions) for key, inner in field.items()}


def _described(field: Mapping[str, Any]) -> str:
    return str(field.get("description", ""))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _default(name: str, field: Mapping[str, Any], required: Sequence[str]) -> str:
    if name in required:
        return "required"
    default = field.get("default")
    if default is None or isinstance(default, dict):
        return ""
    return f"`{_plain(default)}`"


def _plain(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            items: list[object] = value  # pyright: ignore[reportUnknownVariableType]
            return f"[{', '.join(_plain(item) for item in items)}]"
        case _:
            return str(value)


def _type(field: Mapping[str, Any]) -> str:  # noqa: PLR0911  one return a form of the schema
    match field:
        case {"anyOf": [*choices]}:
            kinds = [_type(choice) for choice in choices if choice != {"type": "null"}]
            return " or ".join(kinds)
        case {"enum": [*values]}:
            return " \\| ".join(f"`{value}`" for value in values)
        case {"const": value}:
            return f"`{value}`"
        case {"type": "array", "items": items}:
            return f"list of {_type(items)}"
        case {"$ref": str()}:
            return "section"
        case {"type": "object"}:
            return "section"
        case {"type": str() as name}:
            return name + _range(field)
        case _:
            return "any"


def _range(field: Mapping[str, Any]) -> str:
    least = field.get("minimum", field.get("exclusiveMinimum"))
    most = field.get("maximum")
    if least is None and most is None:
        return ""
    start = "" if least is None else f"{'>' if 'exclusiveMinimum' in field else ''}{least}"
    return f" ({start}..{'' if most is None else most})"
