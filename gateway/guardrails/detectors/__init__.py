"""Detectors, one file each, found by scanning this package."""

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from gateway.guardrails.detector import Detector
from gateway.plugins import plugins_of


@cache
def find_detectors() -> Mapping[str, Detector[Any]]:
    """Every detector by its name. TypeError for a file of this package that has no `DETECTOR`."""
    return plugins_of(__name__, "DETECTOR", cast("type[Detector[Any]]", Detector))
