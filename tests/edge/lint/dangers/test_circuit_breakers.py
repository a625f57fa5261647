import pytest

from tests.edge.lint.case import bootstrap, check, found, route

DANGER = "circuit-breakers"
WIDE = {
    "max_connections": 50_000,
    "max_pending_requests": 50_000,
    "max_requests": 50_000,
    "max_retries": 1_000,
}


def cluster(name: str, **thresholds: int) -> str:
    values = ", ".join(f"{key}: {value}" for key, value in thresholds.items())
    return f"- name: {name}\n  circuit_breakers: {{thresholds: [{{{values}}}]}}  # !\n"


@pytest.mark.parametrize("name", ["gatehouse_workers", "tracker"])
@pytest.mark.parametrize("low", WIDE)
def test_each_bound_that_is_envoys_own_is_named(name: str, low: str) -> None:
    narrow = {key: value for key, value in WIDE.items() if key != low}
    broken = bootstrap(routes=route(), clusters=cluster(name, **narrow))
    check(DANGER, broken, bootstrap(routes=route(), clusters=cluster(name, **WIDE)))
    assert low in found(DANGER, broken)[0].message


def test_a_cluster_without_any_has_envoys() -> None:
    bare = bootstrap(routes=route(), clusters="- name: tracker  # !")
    check(DANGER, bare, bootstrap(routes=route(), clusters=cluster("elsewhere", max_requests=1)))
