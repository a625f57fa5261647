"""Texts from templates: ordinary ones of many kinds, and attacks for what data sets lack."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, TypeAdapter

_SLOT: Final = re.compile(r"\[([a-z_]+)\]")
_DEPTH: Final = 4


class Templates(BaseModel):
    """`templates` by family; "[slot]" in one stands for any of `slots`, which may have slots."""

    slots: Mapping[str, Sequence[str]]
    templates: Mapping[str, Sequence[str]]


def load(name: str) -> Templates:
    """The templates of a file beside this one. ValueError where it is malformed."""
    text = (Path(__file__).parent / name).read_text("utf-8")
    return TypeAdapter(Templates).validate_python(yaml.safe_load(text))


def expanded(template: str, slots: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    """A text of a template."""
    for _ in range(_DEPTH):
        filled = _SLOT.sub(
            lambda found: rng.choice(slots[found[1]]) if found[1] in slots else found[0], template
        )
        if filled == template:
            break
        template = filled
    return re.sub(r" {2,}", " ", template).replace(" .", ".").replace(" ,", ",").strip()


def texts(source: Templates, each: int, seed: int) -> Iterator[tuple[str, str]]:
    """(family, text), `each` at most of every template and no text twice; the same for the same
    seed."""
    rng = random.Random(seed)
    for family, templates in source.templates.items():
        seen: set[str] = set()
        for template in templates:
            for _ in range(each):
                text = _cased(expanded(template, source.slots, rng), rng)
                if text not in seen:
                    seen.add(text)
                    yield family, text


def _cased(text: str, rng: random.Random) -> str:
    """People shout, and forget capitals."""
    return {0: text.upper(), 1: text.lower()}.get(rng.randrange(8), text)
