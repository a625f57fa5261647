"""Envoy's overload manager: what it gives up, in which order, as its heap fills."""

from typing import Final

import betterproto2
from envoy_data_plane.envoy.config.overload.v3 import (
    BufferFactoryConfig,
    OverloadAction,
    OverloadManager,
    ResourceMonitor,
    ScaledTrigger,
    ScaleTimersOverloadActionConfig,
    ScaleTimersOverloadActionConfigScaleTimer,
    ScaleTimersOverloadActionConfigTimerType,
    ThresholdTrigger,
    Trigger,
)
from envoy_data_plane.envoy.extensions.resource_monitors.downstream_connections.v3 import (
    DownstreamConnectionsConfig,
)
from envoy_data_plane.envoy.extensions.resource_monitors.fixed_heap.v3 import FixedHeapConfig
from envoy_data_plane.envoy.type.v3 import Percent
from envoy_data_plane.google.protobuf import Any

from gateway.config.schema import Limits
from gateway.edge.packing import packed, seconds

_HEAP: Final = "envoy.resource_monitors.fixed_heap"
_CONNECTIONS: Final = "envoy.resource_monitors.global_downstream_max_connections"

REFRESH_SECONDS: Final = 0.05
"""Between two looks at the heap, in which bodies arrive unchecked: 500 of 1 MiB at once drove the
memory of an Envoy with a ceiling of 256 MiB to 464 MiB at 0.25 s, and to 420 MiB at this."""
TRACKED_POWER_OF_TWO: Final = 17
"""Streams count as large from 2**17 bytes of buffers on, in eight classes, the last from 2**24 on.
What is below is never reset, and many bodies of less than 1 MiB fill a heap as well."""


_SHRINK_AT: Final = 0.80
_SCALE_FROM: Final = 0.85
_SCALE_TO: Final = 0.95
_REFUSE_REQUESTS_AT: Final = 0.95
_REFUSE_CONNECTIONS_AT: Final = 0.98


def overload_manager(limits: Limits) -> OverloadManager:
    """First free memory, then shorten idle times and reset the largest streams, then refuse
    requests (503, with our body), last connections."""
    return OverloadManager(
        refresh_interval=seconds(REFRESH_SECONDS),
        resource_monitors=[
            _monitor(_HEAP, FixedHeapConfig(max_heap_size_bytes=limits.heap_bytes)),
            _monitor(
                _CONNECTIONS,
                DownstreamConnectionsConfig(max_active_downstream_connections=limits.streams),
            ),
        ],
        actions=[
            _action("shrink_heap", _at(_SHRINK_AT)),
            _action("reduce_timeouts", _scaled(), packed(_shorter_timeouts())),
            _action("reset_high_memory_stream", _scaled()),
            _action("stop_accepting_requests", _at(_REFUSE_REQUESTS_AT)),
            _action("stop_accepting_connections", _at(_REFUSE_CONNECTIONS_AT)),
        ],
        buffer_factory_config=BufferFactoryConfig(
            minimum_account_to_track_power_of_two=TRACKED_POWER_OF_TWO
        ),
    )


def _monitor(name: str, config: betterproto2.Message) -> ResourceMonitor:
    return ResourceMonitor(name=name, typed_config=packed(config))


def _action(name: str, trigger: Trigger, config: Any | None = None) -> OverloadAction:
    return OverloadAction(
        name=f"envoy.overload_actions.{name}", triggers=[trigger], typed_config=config
    )


def _at(share: float) -> Trigger:
    return Trigger(name=_HEAP, threshold=ThresholdTrigger(value=share))


def _scaled() -> Trigger:
    scaled = ScaledTrigger(scaling_threshold=_SCALE_FROM, saturation_threshold=_SCALE_TO)
    return Trigger(name=_HEAP, scaled=scaled)


def _shorter_timeouts() -> ScaleTimersOverloadActionConfig:
    kinds = (
        ScaleTimersOverloadActionConfigTimerType.HTTP_DOWNSTREAM_CONNECTION_IDLE,
        ScaleTimersOverloadActionConfigTimerType.HTTP_DOWNSTREAM_STREAM_IDLE,
    )
    return ScaleTimersOverloadActionConfig(
        timer_scale_factors=[
            ScaleTimersOverloadActionConfigScaleTimer(timer=kind, min_scale=Percent(value=10))
            for kind in kinds
        ]
    )
