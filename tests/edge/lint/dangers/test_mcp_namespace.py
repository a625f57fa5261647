from tests.edge.lint.case import bootstrap, check, filter_of

DANGER = "mcp-namespace"


def looks(namespace: str) -> str:
    return filter_of(
        "rbac.v3.RBAC",
        f"""
        rules:
          policies:
            tools:
              permissions:
              - sourced_metadata:
                  metadata_matcher:
                    filter: {namespace}  # !
                    path: [{{key: method}}]
        """,
    )


def test_a_rule_about_the_old_namespace_is_named() -> None:
    check(DANGER, bootstrap(looks("mcp_proxy")), bootstrap(looks("envoy.filters.http.mcp")))


def test_who_keeps_the_old_one_by_a_runtime_flag_may_look_there() -> None:
    def flagged(value: str) -> str:
        flag = "envoy.reloadable_features.mcp_filter_use_new_metadata_namespace"
        layer = f"layered_runtime: {{layers: [{{static_layer: {{{flag}: {value}}}}}]}}"
        return bootstrap(looks("mcp_proxy"), top=layer)

    check(DANGER, flagged("true"), flagged("false"))
