"""Ordering policies, one file each, found by scanning this package: which request of a flow goes
first."""

from collections.abc import Mapping
from functools import cache

from gateway.picker.flow.ordering_policy import Ordering
from gateway.plugins import plugins_of


@cache
def find_ordering() -> Mapping[str, Ordering]:
    """Every policy by its name. TypeError for a file of this package that has no `ORDERING`."""
    return plugins_of(__name__, "ORDERING", Ordering)
