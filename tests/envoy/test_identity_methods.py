"""API keys, anonymous callers, users behind agents, and payloads that Envoy's filters verified."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.support.certificates import Authority, Pair
from tests.support.echo import Echo, echo
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse, key_entry
from tests.support.messages import modern_call
from tests.support.patched_envoy import patched_envoy
from tests.support.ports import free_port
from tests.support.tls import client_context
from tests.support.token_issuer import TokenIssuer, token_issuer

AUDIENCE = "https://gateway.example/tracker"
AGENT = "spiffe://cluster.local/ns/assistants/sa/release-assistant"
OTHER_AGENT = "spiffe://cluster.local/ns/assistants/sa/chat-assistant"
JWT_AUTHN = "envoy.filters.http.jwt_authn"
READER_KEY = "reader-key-0123456789"


@dataclass(frozen=True)
class Stage:
    """A gateway with a listener for each way to be somebody: `keys`, `open` (keys or nobody),
    `people` (a user's token, an agent's certificate), `agents` (the same, the agent first) and
    `verified` (tokens that Envoy's jwt_authn judged)."""

    gateway: Gateway
    upstream: Echo
    issuer: TokenIssuer
    authority: Authority

    def call(
        self,
        listener: str,
        tool: str = "echo",
        pair: Pair | None = None,
        lines: list[tuple[str, str]] | None = None,
        **headers: str,
    ) -> httpx.Response:
        """A tool call on `listener`; `lines` are further header lines."""
        request = modern_call(tool, **headers)
        request["headers"] = [*request["headers"].items(), *(lines or [])]
        with httpx.Client(verify=client_context(self.authority.ca, pair)) as client:
            return client.post(f"{self.gateway.ready['listeners'][listener]}/tracker", **request)

    def bearer(self, subject: str = "alice", **claims: Any) -> str:
        """An Authorization header with a token for `subject`."""
        return f"Bearer {self.issuer.token(AUDIENCE, subject, **claims)}"

    def user(self, subject: str) -> str:
        """The name that rules and records have for a user."""
        return f"jwt:{self.issuer.issuer}#{subject}"

    def recorded(self, **wanted: Any) -> bool:
        """Whether there is a record with these fields, or soon will be."""
        return bool(self.gateway.wait_for_records(1, **wanted))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("methods")
    authority = Authority(folder)
    server = authority.server("127.0.0.1")
    tls = {
        "certificate": str(server.certificate),
        "key": str(server.key),
        "client_ca": str(authority.ca),
        "client_certificate": "optional",
    }
    with echo() as upstream, token_issuer() as issuer:
        users = f"jwt:{issuer.issuer}#*"
        verified = f"metadata:{JWT_AUTHN}#{issuer.issuer}#*"
        policies = [
            allow("testers", principals=["key:tester", "key:reader"], tools=["echo"]),
            allow("scoped", principals=["key:*"], tools=["delete"], scopes=["admin"]),
            allow("everybody", principals=["anonymous"], tools=["whoami"]),
            allow("through", principals=[users], actors=[AGENT], tools=["echo"]),
            allow("by-hand", principals=[users], tools=["whoami"], when="principal.actors == []"),
            allow("for", principals=[AGENT], actors=[users], tools=["delete"]),
            allow("verified", principals=[verified], tools=["echo"], scopes=["tools"]),
        ]
        both = ["jwt", "spiffe"]
        listeners = [
            listener("keys", ["key"]),
            listener("open", ["key", "anonymous"]),
            listener("people", both, tls=tls),
            listener("agents", both[::-1], tls=tls),
            listener("verified", ["metadata"], metadata_namespaces=[JWT_AUTHN]),
        ]
        identity = {
            "keys": [key_entry("tester", KEY, "admin"), key_entry("reader", READER_KEY)],
            "jwt": [
                {
                    "issuer": issuer.issuer,
                    "audiences": [AUDIENCE],
                    "jwks_url": issuer.jwks_url,
                }
            ],
        }
        envoy = patched_envoy(folder, {"verified": jwt_authn(issuer)})
        with gatehouse(
            folder / "gateway",
            backends={"tracker": [upstream.url]},
            policies=policies,
            listeners=listeners,
            identity=identity,
            env={"ENVOY": str(envoy)},
        ) as gateway:
            yield Stage(gateway, upstream, issuer, authority)


def listener(
    name: str, accept: list[str], tls: dict[str, str] | None = None, **identity: Any
) -> dict[str, Any]:
    secured = {"tls": tls} if tls else {}
    return {
        "name": name,
        "port": free_port(),
        "identity": {"accept": accept, **identity},
        **secured,
    }


def jwt_authn(issuer: TokenIssuer) -> dict[str, Any]:
    """Envoy's own filter, as a user might have it: a bad token ends there, none may pass."""
    provider = {
        "issuer": issuer.issuer,
        "audiences": [AUDIENCE],
        "local_jwks": {"inline_string": issuer.jwks().decode()},
        "payload_in_metadata": "payload",
        "forward": True,
    }
    requires: dict[str, Any] = {
        "requires_any": {"requirements": [{"provider_name": "idp"}, {"allow_missing": {}}]}
    }
    return {
        "name": JWT_AUTHN,
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3"
            ".JwtAuthentication",
            "providers": {"idp": provider},
            "rules": [{"match": {"prefix": "/"}, "requires": requires}],
        },
    }


def denied(answer: httpx.Response) -> bool:
    return answer.status_code == 200 and answer.json()["error"]["code"] == -31403


def unauthenticated(answer: httpx.Response) -> bool:
    return answer.status_code == 401 and answer.json()["error"]["code"] == -31401


def test_a_key_is_known_by_either_header(stage: Stage) -> None:
    assert "result" in stage.call("keys", x_api_key=KEY).json()
    assert "result" in stage.call("keys", api_key=READER_KEY).json()
    wanted = {"principal": "key:reader", "principal_kind": "key"}
    assert stage.recorded(listener="keys", decision="allow", **wanted)


def test_a_keys_scopes_are_its_own(stage: Stage) -> None:
    assert "result" in stage.call("keys", "delete", x_api_key=KEY).json()
    assert stage.call("keys", "delete", x_api_key=READER_KEY).status_code == 403


@pytest.mark.parametrize(
    "lines",
    [
        [("x-api-key", KEY), ("x-api-key", KEY)],
        [("x-api-key", KEY), ("api-key", KEY)],
        [("x-api-key", KEY), ("x-api-key", READER_KEY)],
        [("x-api-key", f"{KEY},{KEY}")],
        [("x-api-key", KEY.upper())],
        [("x-api-key", f"{KEY}x")],
        [("x-api-key", "")],
        [("x-api-key", "k" * 2000)],
        [("authorization", f"Bearer {KEY}x")],
        [],
    ],
    ids=["twice", "both names", "two keys", "joined", "case", "longer", "empty", "huge", "bearer",
         "none"],
)  # fmt: skip
def test_what_is_not_exactly_one_known_key_is_refused(
    stage: Stage, lines: list[tuple[str, str]]
) -> None:
    stage.upstream.take()
    assert unauthenticated(stage.call("keys", lines=lines))
    assert stage.upstream.take() == []


def test_a_key_is_not_taken_where_a_key_is_not_accepted(stage: Stage) -> None:
    assert unauthenticated(stage.call("people", x_api_key=KEY))


def test_anonymous_is_somebody_only_where_accepted(stage: Stage) -> None:
    assert "result" in stage.call("open", "whoami").json()
    assert stage.recorded(listener="open", decision="allow", principal="anonymous")
    assert denied(stage.call("open", "echo"))
    assert unauthenticated(stage.call("keys", "whoami"))


def test_where_anonymous_is_accepted_a_good_key_counts_and_a_bad_one_is_refused(
    stage: Stage,
) -> None:
    assert "result" in stage.call("open", x_api_key=KEY).json()
    assert denied(stage.call("open", "whoami", x_api_key=KEY))
    assert unauthenticated(stage.call("open", "whoami", x_api_key="guess"))


def test_a_user_behind_an_agent_is_the_principal_and_the_agent_acts(stage: Stage) -> None:
    answer = stage.call("people", pair=stage.authority.client(AGENT), authorization=stage.bearer())
    assert "result" in answer.json()
    wanted = {"principal": stage.user("alice"), "principal_kind": "jwt", "policy": "through"}
    assert stage.recorded(listener="people", decision="allow", actors=[AGENT], **wanted)


def test_neither_the_agent_nor_the_user_may_alone_what_both_may_together(stage: Stage) -> None:
    agent, other = stage.authority.client(AGENT), stage.authority.client(OTHER_AGENT)
    assert denied(stage.call("people", pair=agent))
    assert denied(stage.call("people", authorization=stage.bearer()))
    refused = stage.call("people", pair=other, authorization=stage.bearer())
    assert denied(refused)
    reference = refused.headers["x-gatehouse-audit-id"]
    assert stage.recorded(audit_id=reference, principal=stage.user("alice"), actors=[OTHER_AGENT])


def test_a_user_may_do_by_hand_what_no_agent_may_for_it(stage: Stage) -> None:
    assert "result" in stage.call("people", "whoami", authorization=stage.bearer()).json()
    agent = stage.authority.client(AGENT)
    assert denied(stage.call("people", "whoami", pair=agent, authorization=stage.bearer()))


def test_a_bad_token_is_not_made_up_for_by_a_good_certificate(stage: Stage) -> None:
    agent = stage.authority.client(AGENT)
    assert unauthenticated(stage.call("people", pair=agent, authorization="Bearer x.y.z"))
    two = stage.authority.client(AGENT, OTHER_AGENT)
    assert unauthenticated(stage.call("people", pair=two, authorization=stage.bearer()))


def test_the_listener_says_which_identity_is_the_principal(stage: Stage) -> None:
    agent = stage.authority.client(AGENT)
    answer = stage.call("agents", "delete", pair=agent, authorization=stage.bearer("bob"))
    assert "result" in answer.json()
    assert stage.recorded(decision="allow", principal=AGENT, actors=[stage.user("bob")])


def test_the_actors_of_a_token_come_after_those_who_proved_themselves(stage: Stage) -> None:
    act = {"sub": "planner", "act": {"sub": AGENT}}
    token = stage.bearer("alice", act=act)
    answer = stage.call("people", pair=stage.authority.client(AGENT), authorization=token)
    assert "result" in answer.json()
    named = [stage.user("planner"), stage.user(AGENT)]
    assert stage.recorded(principal=stage.user("alice"), actors=[AGENT, *named])
    # The issuer may name actors, but only its own: no token makes anybody that agent.
    assert denied(stage.call("people", authorization=token))


def test_a_payload_that_envoys_filter_verified_is_an_identity(stage: Stage) -> None:
    token = stage.bearer("alice", scope="tools other")
    assert "result" in stage.call("verified", authorization=token).json()
    name = f"metadata:{JWT_AUTHN}#{stage.issuer.issuer}#alice"
    assert stage.recorded(decision="allow", principal=name, principal_kind="metadata")
    missing = stage.call("verified", authorization=stage.bearer("alice", scope="other"))
    assert missing.status_code == 403
    assert 'scope="tools"' in missing.headers["www-authenticate"]


def test_without_a_verified_payload_there_is_no_identity(stage: Stage) -> None:
    stage.upstream.take()
    absent = stage.call("verified")
    assert unauthenticated(absent)
    assert "resource_metadata=" in absent.headers["www-authenticate"]
    bad = stage.call("verified", authorization="Bearer x.y.z")
    assert bad.status_code == 401
    assert bad.headers["content-type"] == "application/json"
    assert "jwt" not in bad.text.lower()
    assert stage.upstream.take() == []
