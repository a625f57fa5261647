from tests.edge.lint.case import asks, bootstrap, check

DANGER = "workers-retry"


def test_a_filter_that_asks_one_worker_only_is_named() -> None:
    def service(more: str) -> str:
        cluster = "envoy_grpc: {cluster_name: gatehouse_workers}"
        return bootstrap(asks(f"grpc_service:  # !\n  {cluster}\n{more}"))

    check(DANGER, service(""), service("  retry_policy: {num_retries: 3}"))
