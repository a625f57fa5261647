from gateway.config.schema import Limits
from gateway.edge.overload import overload_manager
from gateway.edge.packing import to_json


def test_the_heap_ceiling_is_the_configured_one() -> None:
    text = to_json(overload_manager(Limits(heap_bytes=123 << 20, streams=321)))
    assert f'"maxHeapSizeBytes":"{123 << 20}"' in text
    assert '"maxActiveDownstreamConnections":"321"' in text


def test_large_streams_go_before_requests_and_requests_before_connections() -> None:
    manager = overload_manager(Limits())
    names = [action.name.removeprefix("envoy.overload_actions.") for action in manager.actions]
    assert names == [
        "shrink_heap",
        "reduce_timeouts",
        "reset_high_memory_stream",
        "stop_accepting_requests",
        "stop_accepting_connections",
    ]
    assert manager.buffer_factory_config is not None
    assert manager.buffer_factory_config.minimum_account_to_track_power_of_two == 17
