"""docs/pools.md says of members from Kubernetes what the code asks and bounds."""

import re

import yaml

from gateway.adapters.kubernetes import FIRST_SECONDS, PODS, POOLS
from gateway.adapters.kubernetes_api import MAX_LINE, MAX_PAGE
from gateway.adapters.kubernetes_watch import MOST_OBJECTS, PACE
from gateway.config.gie_cluster import GROUPS, KINDS
from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "pools.md").read_text()
SECTION = PAGE.partition("\n## Members from Kubernetes\n")[2].partition("\n## ")[0]


def group_and_resource(path: str) -> tuple[str, str]:
    """Of a path of the API: /api/v1/... has the group "", /apis/GROUP/v1/... the one it names."""
    parts = path.split("/")
    return (parts[2] if parts[1] == "apis" else "", parts[-1])


def test_the_role_allows_to_read_what_is_read_and_nothing_more() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", SECTION, re.DOTALL)
    role, binding = yaml.safe_load_all(next(one for one in blocks if "kind: Role\n" in one))
    allowed = {
        (group, resource): set(rule["verbs"])
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    reading = {"get", "list", "watch"}
    followed = {(group, f"{kind.lower()}s") for group in GROUPS for kind in KINDS}
    read = {group_and_resource(path) for path in (PODS, POOLS)} | followed
    assert allowed == dict.fromkeys(read, reading)
    assert binding["roleRef"]["name"] == role["metadata"]["name"]


def test_the_limits_are_those_of_the_code() -> None:
    page, line = (limit // 1024 // 1024 for limit in (MAX_PAGE, MAX_LINE))
    limits = (
        f"{MOST_OBJECTS:,} members of a pool, {page} MiB a page of a list, {line} MiB an event."
    )
    assert f"Limits: {limits}" in SECTION
    words = " ".join(SECTION.split())
    assert f"after {PACE.last:g} s at the latest" in words
    assert f"waits {FIRST_SECONDS:g} s" in words
