"""Tools of backends as gauges: what there is now, and nothing that is gone."""

from prometheus_client import CollectorRegistry

from gateway.supervisor.tool_gauges import ToolGauges


def test_backends_that_are_not_looked_at_any_more_are_gone() -> None:
    registry = CollectorRegistry()
    gauges = ToolGauges(registry)
    gauges.show({"git": (False, {"changed": 2}), "old": (True, {})})
    failing, unlike = "gatehouse_tool_list_failing", "gatehouse_tools_unlike_pins"
    assert registry.get_sample_value(failing, {"backend": "git"}) == 0
    assert registry.get_sample_value(failing, {"backend": "old"}) == 1
    changed = {"backend": "git", "reason": "changed"}
    assert registry.get_sample_value(unlike, changed) == 2
    assert registry.get_sample_value(unlike, {**changed, "reason": "missing"}) == 0
    gauges.show({"git": (False, {})})
    assert registry.get_sample_value(unlike, changed) == 0
    assert registry.get_sample_value(failing, {"backend": "old"}) is None
