import pytest

from tests.edge.lint.case import asks, bootstrap, check, route

DANGER = "body-mode"
BUFFERED = asks("processing_mode: {request_body_mode: BUFFERED}")


@pytest.mark.parametrize("mode", ["STREAMED", "NONE", "BUFFERED_PARTIAL", "GRPC"])
def test_a_mode_that_lets_a_body_go_before_the_verdict_is_named(mode: str) -> None:
    broken = asks(f"processing_mode:\n  request_body_mode: {mode}  # !")
    check(DANGER, bootstrap(broken), bootstrap(BUFFERED))


def test_no_mode_at_all_means_that_bodies_are_not_sent() -> None:
    check(DANGER, bootstrap(asks("processing_mode: {}  # !")), bootstrap(BUFFERED))


def over(mode: str, name: str = "mcp:tracker@tracker") -> str:
    more = f"""
        typed_per_filter_config:
          gatehouse.ext_proc:
            overrides:
              processing_mode:
                request_body_mode: {mode}  # !
        """
    return bootstrap(BUFFERED, route(more=more, name=name))


def test_a_route_in_another_mode_is_named() -> None:
    check(DANGER, over("STREAMED"), over("FULL_DUPLEX_STREAMED"))


def test_what_is_not_judged_needs_no_body() -> None:
    check(DANGER, over("NONE"), over("NONE", "unjudged:raw@tracker"))
