"""Engines, one file each, found by scanning this package: which metrics a model server tells."""

from collections.abc import Mapping
from functools import cache

from gateway.picker.engine import Engine
from gateway.plugins import plugins_of


@cache
def find_engines() -> Mapping[str, Engine]:
    """Every engine by its name. TypeError for a file of this package that has no `ENGINE`."""
    return plugins_of(__name__, "ENGINE", Engine)
