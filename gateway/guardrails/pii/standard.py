"""The check digits of national numbers, by python-stdnum. Pure: no I/O, no clock."""

import importlib
from collections.abc import Callable
from typing import cast


def checked(module: str) -> Callable[[str], bool]:
    """The check of a module of stdnum ("pl.pesel"), which takes a number without separators."""
    check: object = importlib.import_module(f"stdnum.{module}").is_valid
    return cast("Callable[[str], bool]", check)
