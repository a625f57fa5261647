from tests.edge.lint.case import asks, bootstrap, check, route

DANGER = "receiving-namespaces"
RECEIVES = "metadata_options: {receiving_namespaces: {untyped: [%s]}}  # !"
OVERRIDE_HOST = """
- name: tracker
  load_balancing_policy:
    policies:
    - typed_extension_config:
        typed_config:
          override_host_sources: [{metadata: {key: envoy.lb, path: [{key: picked}]}}]
"""


def test_metadata_of_the_gateway_that_envoy_drops_is_named() -> None:
    fixed = bootstrap(asks(RECEIVES % "gatehouse"))
    check(DANGER, bootstrap(asks(RECEIVES % "other")), fixed)
    check(DANGER, bootstrap(asks().replace("typed_config:", "typed_config:  # !")), fixed)


def test_a_balancer_that_reads_picks_needs_its_namespace_as_well() -> None:
    def receiving(names: str) -> str:
        return bootstrap(asks(RECEIVES % names), route(), clusters=OVERRIDE_HOST)

    check(DANGER, receiving("gatehouse"), receiving("gatehouse, envoy.lb"))


def test_a_route_that_takes_it_away_again_is_named() -> None:
    def over(names: str) -> str:
        more = f"""
            typed_per_filter_config:
              gatehouse.ext_proc:
                overrides:
                  metadata_options:
                    receiving_namespaces: {{untyped: [{names}]}}  # !
            """
        return bootstrap(asks((RECEIVES % "gatehouse").replace("# !", "")), route(more=more))

    check(DANGER, over("other"), over("gatehouse"))
