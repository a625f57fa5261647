from tests.edge.lint.case import asks, bootstrap, check, found

DANGER = "missing-cluster"
ASKS = asks("grpc_service:\n  envoy_grpc:\n    cluster_name: gatehouse_workers  # !")
FIXED = bootstrap(ASKS, clusters="- name: gatehouse_workers")


def test_a_filter_that_asks_nobody_is_named() -> None:
    check(DANGER, bootstrap(ASKS, clusters="- name: other"), FIXED)


def test_a_cluster_may_come_by_subscription() -> None:
    subscribed = bootstrap(ASKS, top="dynamic_resources: {cds_config: {ads: {}}}")
    check(DANGER, bootstrap(ASKS), subscribed)


def test_a_file_that_is_no_bootstrap_says_nothing_of_clusters() -> None:
    whole = bootstrap(ASKS).splitlines()
    listeners = "\n".join(["resources:", *whole[2:]])
    assert found(DANGER, listeners) == []
