from tests.edge.lint.case import bootstrap, check

DANGER = "workers-health"
CHECKS = "health_checks: [{grpc_health_check: {}}]"
PINGS = """typed_extension_protocol_options:
    envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
      explicit_http_config:
        http2_protocol_options: {connection_keepalive: {interval: 0.5s, timeout: 1s}}
"""


def workers(*parts: str, name: str = "gatehouse_workers  # !") -> str:
    return bootstrap(clusters="\n  ".join([f"- name: {name}", *parts]))


FIXED = workers(CHECKS, PINGS, name="gatehouse_workers")


def test_workers_that_nobody_checks_are_named() -> None:
    check(DANGER, workers(PINGS), FIXED)


def test_workers_that_nobody_pings_are_named() -> None:
    check(DANGER, workers(CHECKS), FIXED)


def test_other_clusters_are_their_owners() -> None:
    check(DANGER, workers(PINGS), workers(name="other"))
