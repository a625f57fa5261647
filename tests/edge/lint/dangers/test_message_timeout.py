import pytest

from gateway.edge.lint.expected import Expected
from tests.edge.lint.case import asks, bootstrap, check, filter_of

DANGER = "message-timeout"
FIXED = bootstrap(asks("message_timeout: 6s"))
TELLS = """
grpc_service:
  initial_metadata:
  - key: x-gatehouse-wiring
    value: 1;listener=agents;mode=buffered;override=1;timeout=%s
message_timeout: 7s  # !
"""


@pytest.mark.parametrize("timeout", ["0.2s", "5s"])
def test_an_envoy_that_gives_up_before_the_gateway_does_is_named(timeout: str) -> None:
    check(DANGER, bootstrap(asks(f"message_timeout: {timeout}  # !")), FIXED)


def test_envoys_own_is_200_ms() -> None:
    check(DANGER, bootstrap(asks().replace("typed_config:", "typed_config:  # !")), FIXED)


def test_it_is_compared_with_gateway_yaml() -> None:
    expected = Expected(decision_seconds=30, configured=True)
    slow = bootstrap(asks("message_timeout: 31s"))
    check(DANGER, bootstrap(asks("message_timeout: 6s  # !")), slow, expected)


def test_what_the_gateway_is_told_may_not_be_more() -> None:
    check(DANGER, bootstrap(asks(TELLS % "8.0")), bootstrap(asks(TELLS % "7.0")))


def test_of_ext_authz_it_is_the_timeout_of_the_call() -> None:
    def checker(timeout: str) -> str:
        return bootstrap(
            filter_of(
                "ext_authz.v3.ExtAuthz",
                f"""
                grpc_service:
                  envoy_grpc: {{cluster_name: gatehouse_workers}}
                  timeout: {timeout}
                """,
            )
        )

    check(DANGER, checker("1s  # !"), checker("6s"))
