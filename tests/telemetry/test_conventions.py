"""The names of the conventions are those that everybody else uses."""

import importlib
import pkgutil
from typing import Final

from gateway.policy.vocabulary import SPOKEN
from gateway.telemetry import conventions
from gateway.telemetry.conventions import OPERATIONS, genai_operation_name

PACKAGES: Final = (
    "opentelemetry.semconv.attributes",
    "opentelemetry.semconv._incubating.attributes",
)
NAMES: Final = {
    value
    for key, value in vars(conventions).items()
    if key.isupper() and isinstance(value, str) and "." in value
}


def published() -> set[str]:
    """The attribute names of the Python package, deprecated constants included."""
    found: set[str] = set()
    for package in PACKAGES:
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
            names = vars(importlib.import_module(f"{package}.{module.name}"))
            found.update(value for value in names.values() if isinstance(value, str))
    return found


def test_every_name_is_published_but_those_of_a2a_which_are_not_there_yet() -> None:
    missing = NAMES - published()
    assert missing == {name for name in NAMES if name.startswith("a2a.")}


def test_operations_are_named_for_methods_that_exist() -> None:
    assert OPERATIONS.keys() <= SPOKEN["openai"] | SPOKEN["anthropic"]


def test_a_method_without_a_word_of_the_conventions_keeps_its_own() -> None:
    assert genai_operation_name("messages") == "chat"
    assert genai_operation_name("moderations") == "moderations"
