import pytest

from gateway.model.call import Kind
from gateway.model.principal import Principal
from gateway.suite.inputs import body_from, call_from, context_from, principal_from
from gateway.suite.schema import PrincipalInput, RequestInput
from tests.suite.suites import suite


def _principal(identity: str) -> Principal:
    return principal_from(PrincipalInput(id=identity))


@pytest.mark.parametrize(
    "identity",
    [
        "spiffe://a.org/ns/x",
        "jwt:https://issuer#sub",
        "key:demo",
        "metadata:envoy.x#sub",
        "anonymous",
    ],
)
def test_an_identity_comes_back_as_it_was_written(identity: str) -> None:
    assert _principal(identity).id == identity


def test_the_issuer_of_a_certificate_is_its_trust_domain() -> None:
    assert _principal("spiffe://a.org/ns/x").issuer == "a.org"


def test_the_last_mark_parts_issuer_and_subject() -> None:
    found = _principal("jwt:https://issuer#x#sub")
    assert (found.issuer, found.subject) == ("https://issuer#x", "sub")


@pytest.mark.parametrize("identity", ["", "bob", "key:", "jwt:issuer", "oidc:a#b", "Anonymous"])
def test_other_texts_are_no_identity(identity: str) -> None:
    with pytest.raises(ValueError, match="is not an identity"):
        principal_from(PrincipalInput.model_construct(id=identity))


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("tools/call", Kind.REQUEST),
        ("notifications/initialized", Kind.NOTIFICATION),
        ("response", Kind.ANSWER),
        ("GET", Kind.LISTEN),
        ("DELETE", Kind.END),
    ],
)
def test_a_call_has_the_kind_of_its_method(method: str, kind: Kind) -> None:
    call = call_from(method, {})
    assert call.kind is kind
    assert (call.id is not None) is (kind is Kind.REQUEST)


def test_a_case_is_judged_in_the_context_of_its_suite_unless_it_says_otherwise() -> None:
    loaded = suite(
        "name: a, call: {method: ping}, want: {}",
        "name: b, backend: x, route: y, listener: z, source_address: 10.0.0.1, headers: {A: b}, "
        'now: "2026-01-01T00:00:01Z", call: {method: ping}, want: {}',
    )
    plain, own = (context_from(case, loaded.model.spec) for case in loaded.model.spec.cases)
    assert (plain.backend, plain.head.route, plain.now) == ("tracker", "", 1_767_225_600.0)
    assert (own.backend, own.head.route, own.listener) == ("x", "y", "z")
    assert own.now == 1_767_225_601.0
    assert own.head.peer.address == "10.0.0.1"
    assert own.head.headers.get("a") == "b"


def test_a_case_says_what_its_conversation_has_read() -> None:
    loaded = suite(
        "name: a, taints: [open-web], call: {method: ping}, want: {}",
        "name: b, call: {method: ping}, want: {}",
    )
    tainted, clean = (context_from(case, loaded.model.spec) for case in loaded.model.spec.cases)
    assert (tainted.taints, clean.taints) == ({"open-web"}, frozenset())


def test_a_body_is_text_as_it_is_or_json() -> None:
    assert body_from(RequestInput(body="{not json")) == b"{not json"
    assert body_from(RequestInput(body={"a": [1]})) == b'{"a": [1]}'
    assert body_from(RequestInput()) == b""
