"""Placers with the real broker and picker over endpoints that nobody has to serve."""

import time
from collections.abc import Sequence
from random import Random
from typing import Any

from gateway.config.endpoint_picker import EndpointPickerSpec
from gateway.picker.endpoint import Endpoint
from gateway.picker.plan import PickerPlan, plan_of
from gateway.server.placing import LocalPlacer

POOL = "chat"
ONE = ("10.0.0.1:80",)


def endpoints(addresses: Sequence[str] = ONE) -> list[Endpoint]:
    return [Endpoint(address) for address in addresses]


def plan(**flow: Any) -> PickerPlan:
    """The built-in profile with these settings of flow control."""
    spec = EndpointPickerSpec.model_validate({"flow": flow}, strict=False)
    return plan_of("own", {"own": spec})


def placer(addresses: Sequence[str] = ONE, /, **flow: Any) -> LocalPlacer:
    """A placer of one pool with these endpoints."""
    one = LocalPlacer(time.monotonic, Random(1))
    one.configure({POOL: plan(**flow)})
    one.endpoints(POOL, endpoints(addresses))
    return one
