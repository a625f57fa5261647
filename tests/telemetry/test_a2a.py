from tests.telemetry.metered import Metered, operation

NAME = "a2a_server_operation_duration_seconds"


def test_an_operation_is_told_by_its_method_and_its_agent() -> None:
    metered = Metered()
    done = operation(
        protocol="a2a", method="SendMessage", target="solo", backend="solo", version="1.0"
    )
    metered.metrics.ended(done, 0.3)
    metered.metrics.ended(done._replace(error="denied"), 0.1)
    wanted = {
        "route": "triage",
        "a2a_method_name": "SendMessage",
        "a2a_protocol_version": "1.0",
        "gen_ai_agent_name": "solo",
    }
    assert metered.value(f"{NAME}_count", wanted) == 2
    assert metered.value(f"{NAME}_sum", {**wanted, "error_type": "denied"}) == 0.1


def test_buckets_are_those_of_mcp() -> None:
    metered = Metered()
    metered.metrics.ended(operation(), 1.0)
    metered.metrics.ended(operation(protocol="a2a"), 1.0)
    assert metered.bounds(NAME) == metered.bounds("mcp_server_operation_duration_seconds")
