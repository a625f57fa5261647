"""Possessive groups: what Python 3.11 before 3.11.5 matches wrongly is not used.

There an iteration of `(...)*+` that fails after it has taken something leaves the position where it
failed (gh-106052 of CPython): the match goes on with text that nobody has looked at. Groups whose
iterations can fail at the end of the text alone are right everywhere.
"""

import importlib
import pkgutil
import re
from typing import Any

import gateway

GROUP = re.compile(r"(?<!\\)\)(?:[*?+]|\{[0-9,]+\})\+|\(\?>")
"""A possessive or atomic group, as it is written."""

CLASS = re.compile(r"\[(?:[^\]\\]|\\.)*\]")
"""A set of characters, which may have any of them in it."""

SOUND = {
    "gateway.identity.methods.xfcc._PAIR",
    "gateway.picker.exposition._LABEL",
    "gateway.wire.strictjson._MANY_VALUES",
    "gateway.wire.strictjson._STRING_OR_ESCAPED_KEY",
    "gateway.wire.strictjson._STRING_OR_LONG_NUMBER",
}
"""Their possessive groups are the rest of a quoted string, which fails at the end of the text."""


def _has_such_a_group(pattern: Any) -> bool:
    written = pattern.pattern
    text = written if isinstance(written, str) else bytes(written).decode("latin-1")
    return GROUP.search(CLASS.sub(".", text)) is not None


def test_possessive_groups_fail_at_the_end_of_the_text_alone() -> None:
    found: set[str] = set()
    for module in pkgutil.walk_packages(gateway.__path__, "gateway."):
        members: dict[str, Any] = vars(importlib.import_module(module.name))
        for name, value in members.items():
            if type(value) is re.Pattern and _has_such_a_group(value):
                found.add(f"{module.name}.{name}")
    assert found == SOUND
