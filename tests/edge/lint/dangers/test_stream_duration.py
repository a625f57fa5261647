from tests.edge.lint.case import bootstrap, check, route

DANGER = "stream-duration"
LIMITED = """
common_http_protocol_options:
  max_stream_duration: 60s  # !
"""
UPSTREAM = """
- name: tracker
  typed_extension_protocol_options:
    envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
      common_http_protocol_options:
        max_stream_duration: %s
"""


def test_a_bound_of_the_manager_is_named_unless_the_route_lifts_it() -> None:
    lifted = route("max_stream_duration: {max_stream_duration: 0s}")
    check(
        DANGER, bootstrap(routes=route(), fields=LIMITED), bootstrap(routes=lifted, fields=LIMITED)
    )


def test_a_bound_of_the_route_is_named() -> None:
    def bounded(seconds: str) -> str:
        return bootstrap(routes=route(f"max_stream_duration:\n  max_stream_duration: {seconds}"))

    check(DANGER, bounded("60s  # !"), bounded("0s"))


def test_a_bound_of_the_backends_cluster_is_named() -> None:
    check(
        DANGER,
        bootstrap(routes=route(), clusters=UPSTREAM % "60s  # !"),
        bootstrap(routes=route(), clusters=UPSTREAM % "0s"),
    )
