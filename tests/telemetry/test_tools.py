"""What is counted of tools that are not what was reviewed."""

from prometheus_client import CollectorRegistry

from gateway.telemetry.tools import ToolMetrics


def counted(*exchanges: tuple[str, str, dict[str, int]]) -> dict[tuple[str, ...], float]:
    registry = CollectorRegistry()
    metrics = ToolMetrics(registry)
    for one in exchanges:
        metrics.count(*one)
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_calls_and_tools_of_lists_are_counted_by_backend_and_why() -> None:
    assert counted(
        ("git", "changed", {}),
        ("git", "changed", {}),
        ("git", "", {"unpinned": 2, "changed": 1}),
    ) == {
        ("gatehouse_tool_calls_refused_total", "git", "changed"): 2,
        ("gatehouse_tools_left_out_total", "git", "unpinned"): 2,
        ("gatehouse_tools_left_out_total", "git", "changed"): 1,
    }


def test_an_exchange_without_a_fault_counts_nothing() -> None:
    assert counted(("git", "", {})) == {}
