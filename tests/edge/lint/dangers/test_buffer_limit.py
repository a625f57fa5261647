import pytest

from gateway.edge.lint.expected import Expected
from tests.edge.lint.case import asks, bootstrap, check, filter_of, found, route

DANGER = "buffer-limit"
BUFFERED = asks("processing_mode: {request_body_mode: BUFFERED}")
FIXED = bootstrap(BUFFERED, route(more="request_body_buffer_limit: 4194304"))


def test_a_route_with_envoys_own_limit_is_named() -> None:
    broken = bootstrap(BUFFERED, route().replace('@tracker"', '@tracker"  # !'))
    check(DANGER, broken, FIXED)
    assert "1048576" in found(DANGER, broken)[0].message


def test_a_limit_of_the_listener_counts_where_the_route_has_none() -> None:
    def limited(size: int) -> str:
        return bootstrap(
            BUFFERED, route(), listener=f"per_connection_buffer_limit_bytes: {size}  # !"
        )

    check(DANGER, limited(32_768), limited(4 * 1024 * 1024))


def test_with_a_gateway_yaml_the_limit_of_the_route_is_compared() -> None:
    def limited(size: int) -> str:
        return bootstrap(BUFFERED, route(more=f"request_body_buffer_limit: {size}  # !"))

    expected = Expected(body_limits={"mcp:tracker@tracker": 9_000_000}, configured=True)
    check(DANGER, limited(8_000_000), limited(9_000_000), expected)
    assert found(DANGER, limited(1000)) == []


@pytest.mark.parametrize("mode", ["FULL_DUPLEX_STREAMED", "NONE"])
def test_what_is_not_held_needs_no_room(mode: str) -> None:
    held = bootstrap(asks(f"processing_mode: {{request_body_mode: {mode}}}"), route())
    assert found(DANGER, held) == []


def test_ext_authz_holds_bodies_too() -> None:
    checker = filter_of(
        "ext_authz.v3.ExtAuthz",
        "grpc_service: {envoy_grpc: {cluster_name: gatehouse_workers}}",
    )
    broken = bootstrap(checker, route().replace('@tracker"', '@tracker"  # !'))
    check(DANGER, broken, bootstrap(checker, route(more="request_body_buffer_limit: 4194304")))
