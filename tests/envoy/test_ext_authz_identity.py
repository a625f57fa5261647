"""Who somebody is, told by ext_authz and by ext_proc, is the same."""

from collections.abc import Iterator

import pytest

from tests.envoy.checked import AGENT, HOP, MODES, OTHER, Stage, staged


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("checked")) as started:
        yield started


CERTIFICATES: dict[str, tuple[tuple[str, ...], int, str]] = {
    "the named workload": ((AGENT,), 200, AGENT),
    "another workload": ((OTHER,), 200, OTHER),
    "two": ((AGENT, OTHER), 401, ""),
    "two, the other first": ((OTHER, AGENT), 401, ""),
    "twice the same": ((AGENT, AGENT), 401, ""),
    "one and a web page": ((AGENT, "https://example.com/"), 401, ""),
    "joined": ((f"{AGENT},{OTHER}",), 401, ""),
    "escaped": ((f"{AGENT}%2C",), 401, ""),
    "no workload": (("spiffe://cluster.local",), 401, ""),
    "no SPIFFE": (("https://example.com/agent",), 401, ""),
    "no URI": ((), 401, ""),
}


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_certificate_is_the_same_identity_in_both_modes(stage: Stage, name: str) -> None:
    uris, status, principal = CERTIFICATES[name]
    pair = stage.authority.client(*uris)
    for mode in MODES:
        stage.upstream.take()
        answer = stage.call(mode, "mesh", pair)
        assert answer.status_code == status
        if principal == AGENT:
            assert len(stage.upstream.take()) == 1
            assert stage.gateway.wait_for_records(
                1, route=mode, listener="mesh", principal=AGENT, principal_kind="spiffe"
            )
        else:
            assert stage.recorded(answer)["principal"] == principal
            assert stage.upstream.take() == []


def test_a_dns_name_that_looks_like_a_workload_is_nobody(stage: Stage) -> None:
    """Envoy makes it `source.principal`, for want of a URI."""
    pair = stage.authority.server(AGENT)
    for mode in MODES:
        answer = stage.call(mode, "optional", pair)
        assert stage.recorded(answer)["principal"] == "anonymous"


def test_without_a_certificate_nobody_is_a_workload(stage: Stage) -> None:
    for mode in MODES:
        assert "result" in stage.call(mode, "optional", stage.authority.client(AGENT)).json()
        assert stage.recorded(stage.call(mode, "optional"))["principal"] == "anonymous"


def test_a_hop_speaks_for_its_client(stage: Stage) -> None:
    xfcc = [("x-forwarded-client-cert", f"By={HOP};URI={AGENT}")]
    for mode in MODES:
        hop, other = stage.authority.client(HOP), stage.authority.client(OTHER)
        assert "result" in stage.call(mode, "mesh", hop, lines=xfcc).json()
        assert stage.gateway.wait_for_records(1, route=mode, principal=AGENT, actors=[HOP])
        assert stage.call(mode, "mesh", other, lines=xfcc).status_code == 401


def test_what_another_filter_verified_counts_where_its_namespace_is_named(stage: Stage) -> None:
    for mode in MODES:
        token = [stage.token()]
        assert "result" in stage.call(mode, "verified", lines=token).json()
        assert stage.gateway.wait_for_records(1, route=mode, principal_kind="metadata")
        assert stage.call(mode, "verified").status_code == 401
        assert stage.call(mode, "deaf", lines=token).status_code == 401
