import pytest

from tests.edge.lint.case import asks, bootstrap, check, filter_of, route

DANGER = "verdict-namespace"
OURS = filter_of(
    "ext_authz.v3.ExtAuthz",
    "grpc_service: {envoy_grpc: {cluster_name: gatehouse_workers}}",
    "gatehouse.ext_authz",
)


@pytest.mark.parametrize("namespace", ["gatehouse", "envoy.filters.http.ext_authz"])
def test_a_filter_that_can_write_a_verdict_is_named(namespace: str) -> None:
    def writes(where: str) -> str:
        rules = f"""
            request_rules:
            - header: x-any
              on_header_present:
                metadata_namespace: {where}  # !
                key: audit_id
            """
        return bootstrap(filter_of("header_to_metadata.v3.Config", rules) + asks())

    check(DANGER, writes(namespace), writes("own"))


def test_a_foreign_ext_authz_beside_the_gateways_is_named() -> None:
    foreign = filter_of("ext_authz.v3.ExtAuthz")
    off = "typed_per_filter_config: {own: {disabled: true}}"
    check(
        DANGER,
        bootstrap(foreign.replace("name: own", "name: own  # !") + OURS, route()),
        bootstrap(foreign + OURS, route(more=off)),
    )


def test_beside_ext_proc_it_writes_elsewhere() -> None:
    foreign = filter_of("ext_authz.v3.ExtAuthz")
    marked = foreign.replace("name: own", "name: own  # !")
    check(DANGER, bootstrap(marked + OURS, route()), bootstrap(foreign + asks(), route()))
