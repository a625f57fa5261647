from pathlib import Path
from typing import Any

import pytest

from gateway.config.pool import Pool, Rewrite, RewriteTarget
from gateway.config.pool_checks import names_of, parse_server
from tests.config.case import complaints, inspected, right
from tests.support.certificates import Authority

GPU = {"name": "gpu", "endpoints": ["127.0.0.1:8000"], "models": ["small"]}
BIG = {"name": "big", "endpoints": ["127.0.0.1:8001"], "models": ["large"]}


def pooled(route: dict[str, Any] | None = None, *pools: dict[str, Any]) -> dict[str, Any]:
    llm = {"name": "llm", "path": "/v1", "protocol": "openai", "backend": "gpu", "pools": ["big"]}
    return right() | {"routes": [llm | (route or {})], "backends": [], "pools": pools or [GPU, BIG]}


def gpu(**changes: Any) -> dict[str, Any]:
    """A configuration with one pool alone, which has been changed."""
    return pooled({"pools": []}, GPU | changes)


def test_a_route_may_share_out_models_among_pools_alone(tmp_path: Path) -> None:
    hints = {"hints": [{"allow": ["objective", "slo"]}]}
    assert complaints(pooled(hints), tmp_path) == []
    loaded = inspected(pooled(), tmp_path)
    assert loaded.gateway is not None
    assert [upstream.name for upstream in loaded.gateway.upstreams] == ["gpu", "big"]


def test_a_sole_pool_may_serve_any_model(tmp_path: Path) -> None:
    assert complaints(gpu(models=[]), tmp_path) == []


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (pooled({"backend": "gup"}), 'routes[0].backend: there is no backend "gup"'),
        (pooled({"pools": ["bgi"]}), 'routes[0].pools[0]: there is no pool "bgi"'),
        (pooled({"pools": ["gpu"]}), 'pools[0]: "gpu" is a pool of the route already'),
        (pooled({"protocol": "mcp"}), 'protocol: "gpu" is a pool, and this route speaks mcp'),
        (pooled({"protocol": "unjudged"}), 'protocol: "gpu" is a pool, and this route speaks'),
        (pooled({"mode": "check"}), "mode: a route in mode check cannot pick an endpoint"),
        (pooled({"aliases": {"gpt": "lagre"}}), "aliases.gpt: there is no model of the route's"),
        (pooled(None, GPU, BIG | {"models": []}), 'pools[0]: "big" has no models'),
        (pooled(None, GPU, BIG | {"models": ["small"]}), '"big" has "small", which pool gpu has'),
        (
            pooled(None, GPU, BIG | {"adapters": {"small": "large"}}),
            'pools[0]: "big" has "small", which pool gpu has, too',
        ),
    ],
)
def test_a_wrong_route_to_pools_is_an_error(
    value: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    found = complaints(value, tmp_path)
    assert any(complaint in one and one.startswith("error routes[0].") for one in found), found


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (gpu(endpoints=[]), "pools[0]: the pool has no members"),
        (gpu(url="https://a.example/"), "pools[0].url: a pool has no url"),
        (gpu(private=True), "pools[0].private: a pool has no private"),
        (gpu(members=[{"address": "h"}]), 'members[0].address: "h" is not host:port'),
        (
            gpu(members=[{"address": "127.0.0.1:8000"}]),
            'members[0].address: "127.0.0.1:8000" is listed twice',
        ),
        (
            gpu(endpoints=[], members=[{"address": "127.0.0.1:1", "role": "prefill"}]),
            "pools[0].members: no member of the pool answers requests",
        ),
        (gpu(file="absent.yaml"), "(root): cannot read the file"),
        (gpu(models=["a", "a"]), 'pools[0].models[1]: "a" is listed twice'),
        (gpu(adapters={"small": "small"}), 'adapters.small: "small" is a model of the pool'),
        (gpu(adapters={"sql": "smal"}), 'adapters.sql: there is no model "smal"'),
        (
            gpu(rewrites=[{"model": "x", "targets": [{"model": "smal"}]}]),
            'rewrites[0].targets[0].model: there is no model "smal"',
        ),
        (
            gpu(rewrites=[{"targets": [{"model": "small", "weight": 0}]}]),
            "rewrites[0].targets: no target gets anything",
        ),
        (
            gpu(rewrites=[{"targets": [{"model": "small"}]}] * 2),
            "rewrites[1]: an earlier rewrite has the same model",
        ),
        (gpu(engine="openai", scrape={"port": 1}), "scrape: has no effect: engine openai"),
        (gpu(scrape={"enabled": False, "port": 1}), "scrape: has no effect: enabled is false"),
        (gpu(scrape={"path": "/a?b"}), 'scrape.path: "/a?b" is not a plain path'),
        (gpu(scrape={"ca": "absent.pem"}), "scrape.ca: ca has no effect without TLS"),
        (gpu(scrape={"scheme": "https", "ca": "absent.pem"}), "scrape.ca: cannot read"),
        (gpu(scrape={"token": "a\nb"}), "scrape.token: not a token"),
    ],
)
def test_a_wrong_pool_is_an_error(value: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    found = complaints(value, tmp_path)
    assert any(complaint in one and one.startswith("error") for one in found), found


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (
            gpu(rewrites=[{"targets": [{"model": "small", "weight": 1}, {"model": "small"}]}]),
            "rewrites[0].targets[1]: beside targets with a weight",
        ),
        (
            gpu(endpoints=["10.0.0.1:80"], scrape={"token": "secret"}),
            "scrape.token: the token crosses the network without TLS",
        ),
    ],
)
def test_what_may_be_meant_so_is_a_warning(
    value: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    (found,) = complaints(value, tmp_path)
    assert found.startswith("warning")
    assert complaint in found
    assert "secret" not in found


@pytest.mark.parametrize("field", [{"pools": ["gpu"]}, {"hints": [{"allow": ["slo"]}]}])
def test_what_belongs_to_pools_has_no_effect_elsewhere(
    field: dict[str, Any], tmp_path: Path
) -> None:
    value = right() | {"pools": [GPU]}
    value["routes"][0] |= field
    (name,) = field
    assert f"error routes[0].{name}: {name} has no effect where backend is no pool" in complaints(
        value, tmp_path
    )


def test_a_file_of_members_is_read_and_a_fault_in_it_has_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "members.yaml").write_text("- address: 127.0.0.1:1\n- address: h\n")
    (problem,) = inspected(gpu(endpoints=[], file="members.yaml"), tmp_path).problems
    assert (problem.place.file, problem.place.line) == (str(tmp_path / "members.yaml"), 2)
    (tmp_path / "members.yaml").write_text("- address: 127.0.0.1:8000\n")
    (warning,) = complaints(gpu(file="members.yaml"), tmp_path)
    assert "lists 127.0.0.1:8000, which the pool has already" in warning


def test_a_pool_is_meant_by_its_models_adapters_and_rewritten_names() -> None:
    rule = Rewrite(model="gpt", targets=(RewriteTarget(model="small"),))
    whoever = Rewrite(targets=(RewriteTarget(model="small"),))
    pool = Pool(
        name="gpu",
        endpoints=("h:1",),
        models=("small",),
        adapters={"sql": "small"},
        rewrites=(rule, whoever),
    )
    assert names_of(pool) == ("small", "sql", "gpt")


# --- Kubernetes ---------------------------------------------------------------------------------


def in_kubernetes(**section: Any) -> dict[str, Any]:
    return gpu(endpoints=[], kubernetes=section)


def test_a_pool_may_be_pods_alone_wherever_it_is_checked(tmp_path: Path) -> None:
    assert complaints(in_kubernetes(inference_pool="llama"), tmp_path) == []
    selected = in_kubernetes(selector={"app": "vllm", "llm-d.ai/role": ""}, port=8000)
    assert complaints(selected, tmp_path) == []


def test_another_cluster_may_be_named_with_its_files(tmp_path: Path) -> None:
    ca = Authority(tmp_path).ca
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "token").write_text("abc")
    (tmp_path / "token").symlink_to(tmp_path / "data" / "token")
    there = {"server": "https://10.0.0.1:6443", "namespace": "models", "ca": ca.name}
    loaded = inspected(in_kubernetes(inference_pool="llama", token_file="token", **there), tmp_path)
    assert loaded.problems == ()
    assert loaded.gateway is not None
    section = loaded.gateway.pools[0].kubernetes
    assert section is not None
    assert section.token_file == str(tmp_path / "token")  # the link itself: it will lead elsewhere


@pytest.mark.parametrize(
    ("section", "complaint"),
    [
        ({}, "kubernetes: needs exactly one of inference_pool and selector"),
        (
            {"inference_pool": "llama", "selector": {"app": "vllm"}},
            "kubernetes: needs exactly one of inference_pool and selector",
        ),
        ({"selector": {"app": "vllm"}}, "kubernetes: pods of a selector need a port"),
        ({"inference_pool": "llama", "port": 80}, "kubernetes.port: no effect"),
        ({"inference_pool": "a/b"}, "kubernetes.inference_pool: "),
        ({"selector": {"app": "a,b"}, "port": 80}, "kubernetes.selector.app"),
        ({"selector": {"a=b,c": "d"}, "port": 80}, "kubernetes.selector"),
        ({"inference_pool": "llama", "namespace": "../x"}, "kubernetes.namespace: "),
        ({"inference_pool": "llama", "token_file": "no"}, "kubernetes.token_file: cannot read"),
        ({"inference_pool": "llama", "ca": "no"}, "kubernetes.ca: cannot read"),
        ({"inference_pool": "llama", "ca": "gateway.yaml"}, "holds no PEM certificates"),
        (
            {"inference_pool": "llama", "namespace": "models", "server": "https://k.example"},
            "kubernetes.server: the token of the pod's own cluster is not sent to another server",
        ),
        (
            {"inference_pool": "llama", "server": "https://k.example", "token_file": "token"},
            "kubernetes.server: with a server the namespace is not known",
        ),
    ],
)
def test_a_wrong_section_of_kubernetes_is_an_error(
    section: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("abc")
    found = complaints(in_kubernetes(**section), tmp_path)
    assert any(complaint in one and one.startswith("error pools[0].") for one in found), found


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://10.0.0.1:6443", "10.0.0.1:6443"),
        ("https://k.example", "k.example:443"),
        ("https://[fd00::1]", "[fd00::1]:443"),
        ("http://10.0.0.1:6443", None),
        ("https://10.0.0.1:6443/k8s", None),
        ("https://user@k.example", None),
        ("https://k.example:0", None),
        ("k.example:443", None),
    ],
)
def test_the_api_of_a_cluster_is_named_by_an_https_url_alone(
    text: str, address: str | None
) -> None:
    found = parse_server(text)
    assert (None if found is None else str(found)) == address


def test_a_scrape_token_for_pods_without_tls_is_warned_of(tmp_path: Path) -> None:
    value = in_kubernetes(inference_pool="llama")
    value["pools"][0]["scrape"] = {"token": "abc"}
    (found,) = complaints(value, tmp_path)
    assert found.startswith("warning pools[0].scrape.token: the token crosses the network")
