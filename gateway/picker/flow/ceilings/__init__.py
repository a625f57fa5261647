"""Ceiling policies, one file each, found by scanning this package: up to which saturation a band
is served."""

from collections.abc import Mapping
from functools import cache

from gateway.picker.flow.ceiling_policy import CeilingPolicy
from gateway.plugins import plugins_of


@cache
def find_ceilings() -> Mapping[str, CeilingPolicy]:
    """Every policy by its name. TypeError for a file of this package that has no `CEILING`."""
    return plugins_of(__name__, "CEILING", CeilingPolicy)
