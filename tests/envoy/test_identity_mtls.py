"""Identity from certificates, over real handshakes with the real Envoy."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.support.certificates import Authority, Pair
from tests.support.echo import Echo, echo
from tests.support.gatehouse import Gateway, allow, gatehouse
from tests.support.messages import modern_call
from tests.support.ports import free_port
from tests.support.tls import client_context

AGENT = "spiffe://cluster.local/ns/github-agents/sa/issue-triage-agent"
OTHER = "spiffe://cluster.local/ns/github-agents/sa/other"
HOP = "spiffe://cluster.local/ns/mesh/sa/ingress"
OF_OUR_DOMAIN = 'principal.issuer == "cluster.local" && principal.subject == principal.id'
XFCC = "x-forwarded-client-cert"


@dataclass(frozen=True)
class Stage:
    """A gateway with the listeners `agents` (SPIFFE), `mesh` (XFCC from HOP, or SPIFFE) and
    `optional` (a certificate is welcome, not needed), its upstream and the authority of all."""

    gateway: Gateway
    upstream: Echo
    authority: Authority
    stranger: Authority

    def call(
        self, listener: str, pair: Pair | None, *lines: tuple[str, str], **headers: str
    ) -> httpx.Response:
        """A call of get_issue over mTLS as the holder of `pair`."""
        url = f"{self.gateway.ready['listeners'][listener]}/tracker"
        request = modern_call("get_issue")
        request["headers"] = [*request["headers"].items(), *headers.items(), *lines]
        with httpx.Client(verify=client_context(self.authority.ca, pair)) as client:
            return client.post(url, **request)

    def record(self, answer: httpx.Response) -> dict[str, Any]:
        """The audit record of a refused call."""
        reference = answer.headers["x-gatehouse-audit-id"]
        (found,) = self.gateway.wait_for_records(1, audit_id=reference)
        return found


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("mtls")
    (folder / "stranger").mkdir()
    authority, stranger = Authority(folder), Authority(folder / "stranger", "Another CA")
    server = authority.server("127.0.0.1")
    tls = {
        "certificate": str(server.certificate),
        "key": str(server.key),
        "client_ca": str(authority.ca),
    }
    mesh = {"accept": ["xfcc", "spiffe"], "xfcc_from": [HOP]}
    optional = {**tls, "client_certificate": "optional"}
    listeners = [
        listener("agents", tls, {"accept": ["spiffe"]}),
        listener("mesh", tls, mesh),
        listener("optional", optional, {"accept": ["spiffe", "anonymous"]}),
    ]
    policies = [
        allow("agent", principals=[AGENT], tools=["get_issue"], when=OF_OUR_DOMAIN),
        allow("everybody", principals=["anonymous"], tools=["whoami"]),
    ]
    with (
        echo() as upstream,
        gatehouse(
            folder / "gateway",
            backends={"tracker": [upstream.url]},
            policies=policies,
            listeners=listeners,
        ) as gateway,
    ):
        yield Stage(gateway, upstream, authority, stranger)


def listener(name: str, tls: dict[str, str], identity: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "port": free_port(), "tls": tls, "identity": identity}


def denied(answer: httpx.Response) -> None:
    assert answer.status_code == 200
    assert answer.json()["error"]["code"] == -31403


def unauthenticated(answer: httpx.Response) -> None:
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == -31401


def test_the_named_workload_is_allowed(stage: Stage) -> None:
    stage.upstream.take()
    answer = stage.call("agents", stage.authority.client(AGENT))
    assert answer.json()["result"] == {"content": [], "resultType": "complete"}
    assert len(stage.upstream.take()) == 1
    wanted = {"principal": AGENT, "principal_kind": "spiffe", "decision": "allow"}
    assert stage.gateway.wait_for_records(1, listener="agents", **wanted)


def test_another_workload_of_the_same_authority_is_denied(stage: Stage) -> None:
    stage.upstream.take()
    answer = stage.call("agents", stage.authority.client(OTHER))
    denied(answer)
    assert stage.record(answer)["principal"] == OTHER
    assert stage.upstream.take() == []


@pytest.mark.parametrize("wrong", ["none", "foreign", "expired"])
def test_a_connection_without_a_good_certificate_is_refused(stage: Stage, wrong: str) -> None:
    pairs = {
        "none": lambda: None,
        "foreign": lambda: stage.stranger.client(AGENT),
        "expired": lambda: stage.authority.client(AGENT, expired=True),
    }
    before = len(stage.gateway.records())
    stage.upstream.take()
    with pytest.raises(httpx.TransportError):
        stage.call("agents", pairs[wrong]())
    assert stage.upstream.take() == []
    assert len(stage.gateway.records()) == before


@pytest.mark.parametrize(
    "uris",
    [
        (AGENT, OTHER),
        (OTHER, AGENT),
        (AGENT, AGENT),
        (AGENT, "https://example.com/"),
        (f"{AGENT},{OTHER}",),
        (f"{AGENT},",),
        (f"https://example.com/,{AGENT}",),
        (f"{AGENT}%2C",),
        ("https://example.com/agent",),
        ("spiffe://cluster.local",),
    ],
)
def test_a_certificate_that_does_not_name_one_workload_is_refused(
    stage: Stage, uris: tuple[str, ...]
) -> None:
    stage.upstream.take()
    answer = stage.call("agents", stage.authority.client(*uris))
    unauthenticated(answer)
    assert stage.record(answer)["principal"] == ""
    assert stage.upstream.take() == []


def test_a_certificate_without_a_uri_is_nobodys_identity(stage: Stage) -> None:
    unauthenticated(stage.call("agents", stage.authority.client()))
    answer = stage.call("optional", stage.authority.client())
    denied(answer)
    assert stage.record(answer)["principal"] == "anonymous"


def test_where_certificates_are_optional_a_good_one_counts(stage: Stage) -> None:
    assert "result" in stage.call("optional", stage.authority.client(AGENT)).json()
    answer = stage.call("optional", None)
    denied(answer)
    assert stage.record(answer)["principal"] == "anonymous"


@pytest.mark.parametrize("wrong", ["foreign", "expired"])
def test_where_certificates_are_optional_a_bad_one_still_ends_the_connection(
    stage: Stage, wrong: str
) -> None:
    pair = (
        stage.stranger.client(AGENT)
        if wrong == "foreign"
        else stage.authority.client(AGENT, expired=True)
    )
    with pytest.raises(httpx.TransportError):
        stage.call("optional", pair)


def test_a_named_hop_speaks_for_its_client_and_is_recorded_as_its_actor(stage: Stage) -> None:
    stage.upstream.take()
    answer = stage.call("mesh", stage.authority.client(HOP), **{XFCC: f"By={HOP};URI={AGENT}"})
    assert "result" in answer.json()
    wanted = {"principal": AGENT, "actors": [HOP], "decision": "allow"}
    assert stage.gateway.wait_for_records(1, listener="mesh", **wanted)
    (seen,) = stage.upstream.take()
    assert XFCC not in seen.names


def test_only_the_last_element_counts(stage: Stage) -> None:
    hop = stage.authority.client(HOP)
    allowed = stage.call("mesh", hop, **{XFCC: f"URI={OTHER},By={HOP};URI={AGENT}"})
    assert "result" in allowed.json()
    refused = stage.call("mesh", hop, **{XFCC: f"URI={AGENT},By={HOP};URI={OTHER}"})
    denied(refused)
    assert stage.record(refused)["principal"] == OTHER
    lines = stage.call("mesh", hop, (XFCC, f"URI={AGENT}"), (XFCC, f"URI={OTHER}"))
    denied(lines)
    assert stage.record(lines)["principal"] == OTHER


@pytest.mark.parametrize(
    "value", ["nonsense", f"URI={AGENT};URI={OTHER}", 'URI="', f"URI={AGENT},", "Hash=abc"]
)
def test_a_hop_that_names_nobody_in_particular_is_refused(stage: Stage, value: str) -> None:
    unauthenticated(stage.call("mesh", stage.authority.client(HOP), **{XFCC: value}))


def test_a_peer_that_is_no_named_hop_cannot_speak_for_anybody(stage: Stage) -> None:
    stage.upstream.take()
    for peer in (OTHER, AGENT):
        unauthenticated(stage.call("mesh", stage.authority.client(peer), **{XFCC: f"URI={AGENT}"}))
    two = stage.authority.client(HOP, OTHER)
    unauthenticated(stage.call("mesh", two, **{XFCC: f"URI={AGENT}"}))
    assert stage.upstream.take() == []


def test_without_the_header_a_peer_speaks_for_itself(stage: Stage) -> None:
    assert "result" in stage.call("mesh", stage.authority.client(AGENT)).json()
    denied(stage.call("mesh", stage.authority.client(HOP)))


def test_the_header_means_nothing_where_no_hop_is_named(stage: Stage) -> None:
    other = stage.authority.client(OTHER)
    answer = stage.call("agents", other, **{XFCC: f"URI={AGENT}"})
    denied(answer)
    assert stage.record(answer)["principal"] == OTHER
    anonymous = stage.call("optional", None, **{XFCC: f"URI={AGENT}"})
    denied(anonymous)
    assert stage.record(anonymous)["principal"] == "anonymous"
