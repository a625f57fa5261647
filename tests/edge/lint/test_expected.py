from gateway.edge.lint.expected import Expected, expected_of
from tests.edge.stage import gateway_of


def test_a_gateway_yaml_says_what_to_compare_with() -> None:
    route = {"name": "a", "path": "/a", "protocol": "mcp", "backend": "tracker"}
    gateway = gateway_of(routes=[route | {"body_limit": 2048}], limits={"decision_seconds": 9.0})
    expected = expected_of(gateway)
    assert expected.decision_seconds == 9
    assert expected.body_limit("mcp:a@tracker") == 2048
    assert expected.configured


def test_without_one_its_defaults_count() -> None:
    assert Expected().decision_seconds == 5
    assert Expected().body_limit("mcp:a@tracker") == 4 * 1024 * 1024
