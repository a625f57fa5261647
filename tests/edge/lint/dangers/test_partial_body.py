from tests.edge.lint.case import asks, bootstrap, check, filter_of, route

DANGER = "partial-body"
OURS = "grpc_service: {envoy_grpc: {cluster_name: gatehouse_workers}}"


def checker(config: str) -> str:
    return filter_of("ext_authz.v3.ExtAuthz", config)


def test_a_check_of_the_first_part_of_a_body_is_named_whoever_checks() -> None:
    def partial(value: str) -> str:
        return bootstrap(asks() + checker(f"with_request_body:\n  allow_partial_message: {value}"))

    check(DANGER, partial("true  # !"), partial("false"))


def test_a_route_that_asks_for_it_is_named() -> None:
    def over(value: str) -> str:
        more = f"""
            typed_per_filter_config:
              own:
                check_settings:
                  with_request_body:
                    allow_partial_message: {value}
            """
        return bootstrap(asks() + checker(""), route(more=more))

    check(DANGER, over("true  # !"), over("false"))


def test_the_gateway_needs_the_body() -> None:
    bare = checker(OURS).replace("typed_config:", "typed_config:  # !")
    whole = checker(OURS + "\nwith_request_body: {max_request_bytes: 4194304}")
    check(DANGER, bootstrap(bare), bootstrap(whole))
