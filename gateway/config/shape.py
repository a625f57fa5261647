"""Which keys a pydantic model knows where. Pure: looks at types only."""

import difflib
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from pydantic import BaseModel


def nearest_key(model: type[BaseModel], loc: tuple[str | int, ...]) -> str | None:
    """The known key most like the unknown one that `loc` ends with, or None if none is like it."""
    if not loc:
        return None
    models = [model]
    for part in loc[:-1]:
        models = [*_inside(models, part)] or models
    known = [name for candidate in models for name in field_names(candidate)]
    return nearest(str(loc[-1]), known)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `name` most probably means, or None if none is like it."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return matches[0] if matches else None


def field_names(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys of a model as written in YAML."""
    return tuple(info.alias or name for name, info in model.model_fields.items())


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """Every model that an annotation mentions: in an optional, a union, a tuple, a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    arguments: tuple[Any, ...] = get_args(annotation)
    for argument in arguments:
        yield from models_in(argument)


def _inside(models: list[type[BaseModel]], part: str | int) -> Iterator[type[BaseModel]]:
    for model in models:
        for name, info in model.model_fields.items():
            if part in {name, info.alias}:
                yield from models_in(info.annotation)
