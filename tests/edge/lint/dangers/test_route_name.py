import re

import pytest

from tests.edge.lint.case import asks, bootstrap, check, filter_of, route

DANGER = "route-name"
FIXED = bootstrap(routes=route())
OURS = "grpc_service: {envoy_grpc: {cluster_name: gatehouse_workers}}"


@pytest.mark.parametrize("name", ["own", "", "mcp:tracker", "other:tracker@tracker"])
def test_a_judged_route_that_the_gateway_does_not_know_is_named(name: str) -> None:
    here = route(name=name).replace(f'name: "{name}"', f'name: "{name}"  # !')
    check(DANGER, bootstrap(routes=here), FIXED)


def test_a_route_that_leads_elsewhere_than_its_name_says_is_named() -> None:
    check(DANGER, bootstrap(routes=route("cluster: elsewhere  # !")), FIXED)
    split = "weighted_clusters:\n  clusters:\n  - name: elsewhere  # !\n  - name: tracker"
    check(DANGER, bootstrap(routes=route(split)), FIXED)


def test_ext_authz_has_to_be_told_the_name() -> None:
    def tells(name: str) -> str:
        more = f"""
            typed_per_filter_config:
              own:
                check_settings:
                  context_extensions:
                    x-gatehouse-route: "{name}"  # !
            """
        return bootstrap(filter_of("ext_authz.v3.ExtAuthz", OURS), route(more=more))

    check(DANGER, tells("mcp:other@tracker"), tells("mcp:tracker@tracker"))


def test_routes_of_ones_own_have_any_name() -> None:
    off = "typed_per_filter_config: {gatehouse.ext_proc: {disabled: true}}"
    broken = bootstrap(asks(), route(name="own").replace('"own"', '"own"  # !'))
    check(DANGER, broken, bootstrap(asks(), route(name="own", more=off)))


def test_a_pool_of_a_route_is_reached_by_what_the_gateway_says_alone() -> None:
    def leads(header: str) -> str:
        here = route("cluster: big  # !", name="openai:llm@gpu")
        match = f"match: {{prefix: /, headers: [{{name: {header}, string_match: {{exact: big}}}}]}}"
        return bootstrap(routes=re.sub(r"match: \{[^\n]*\}", match, here))

    check(DANGER, leads("x-pool"), leads("x-gateway-pool"))
