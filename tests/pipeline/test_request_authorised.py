"""What policy says of a request, and what of it its caller and operators are told."""

from typing import Any

import pytest

from gateway.model.refusal import Reason, Refusal
from tests.pipeline.request_stage import (
    Asking,
)
from tests.pipeline.stage import (
    modern,
    snapshot,
    tool,
)
from tests.protocols.mcp.clients import JSON, notify, rpc


@pytest.mark.parametrize("ident", [0, 2**53 + 1, -1, "", "7", 'é"\\'])
@pytest.mark.parametrize(
    "options",
    [{"subject": None}, {"subject": "carol"}, {"lines": (*JSON, ("mcp-session-id", "x"))}],
)
def test_what_refuses_after_the_message_is_read_answers_its_exact_id(
    ident: int | str, options: dict[str, Any]
) -> None:
    refusal = Asking().refused(tool("get_issue", ident), **options)
    assert (refusal.ids, refusal.batch) == ((ident,), False)
    assert type(refusal.ids[0]) is type(ident)


def test_a_denied_call_names_its_rule_to_operators_and_gives_the_rules_reason() -> None:
    asking = Asking()
    refusal = asking.refused(tool("drop_all"))
    assert (refusal.reason, refusal.message) == (Reason.DENIED, "nothing is dropped")
    assert (refusal.policy, refusal.rule, refusal.innocent) == ("p", "never", ())
    assert (asking.record.policy, asking.record.rule) == ("p", "never")


def test_an_opaque_gateway_gives_no_reason_and_records_it() -> None:
    asking = Asking(snapshot(opaque=True))
    assert asking.refused(tool("drop_all")).message == "not available"
    assert Asking(snapshot(opaque=True)).refused(tool("unknown")).message == "not available"
    assert (asking.record.policy, asking.record.rule) == ("p", "never")


def test_a_denied_notification_has_no_id() -> None:
    refusal = Asking().refused(notify("notifications/initialized"), subject="carol")
    assert (refusal.reason, refusal.ids, refusal.batch) == (Reason.DENIED, (), False)


def test_one_denied_call_refuses_its_batch_and_the_others_are_innocent() -> None:
    batch = [rpc("ping", ident=1), notify("notifications/initialized"), tool("drop_all", "1")]
    refusal = Asking().refused([*batch, tool("get_issue", 2)])
    assert (refusal.reason, refusal.batch) == (Reason.DENIED, True)
    assert (refusal.ids, refusal.innocent) == ((1, "1", 2), (1, 2))


def test_of_two_denied_calls_of_a_batch_neither_is_innocent() -> None:
    batch = [tool("drop_all", 1), tool("get_issue", 2), tool("drop_all", 3)]
    assert Asking().refused(batch).innocent == (2,)


def test_a_call_is_not_innocent_of_what_it_implies() -> None:
    watched = {"notifications": {"resourceSubscriptions": ["file:///closed"]}}
    batch = [rpc("subscriptions/listen", watched, 1), rpc("ping", ident=2)]
    assert Asking().refused(batch).innocent == (2,)


def test_shadow_rules_of_every_call_are_recorded_once() -> None:
    asking = Asking()
    asking.judge([rpc("ping", ident=1), tool("get_issue", 2), tool("get_issue", 3)])
    assert asking.record.shadow == ("p/later",)


def test_a_batch_without_a_session_that_it_names_is_refused_whole_and_nobody_is_innocent() -> None:
    lines = (*JSON, ("mcp-session-id", "forged"))
    refusal = Asking().refused([rpc("ping", ident=1), rpc("ping", ident=2)], lines)
    assert (refusal.reason, refusal.batch) == (Reason.SESSION_UNKNOWN, True)
    assert (refusal.ids, refusal.innocent) == ((1, 2), ())


def scopes_in(refusal: Refusal) -> str:
    """The `scope` of the challenge."""
    (line,) = [value for name, value in refusal.headers if name == "www-authenticate"]
    return line.partition('scope="')[2].partition('"')[0]


def test_a_call_that_only_lacks_scopes_is_told_which() -> None:
    refusal = Asking().refused(tool("close_issue"))
    assert (refusal.reason, refusal.ids) == (Reason.MISSING_SCOPE, (7,))
    assert scopes_in(refusal) == "issues:write"
    Asking().judge(tool("close_issue"), scope="issues:write")


def test_a_step_up_names_also_the_scopes_of_what_is_allowed_already() -> None:
    batch = [tool("get_secret", 1), tool("close_issue", 2), tool("get_issue", 3)]
    refusal = Asking().refused(batch, scope="issues:read")
    assert (refusal.reason, scopes_in(refusal)) == (
        Reason.MISSING_SCOPE,
        "issues:read issues:write",
    )
    assert (refusal.ids, refusal.innocent) == ((1, 2, 3), (1, 3))


@pytest.mark.parametrize("names", [("close_issue", "drop_all"), ("drop_all", "close_issue")])
def test_what_no_scope_would_allow_is_told_before_what_one_would(names: tuple[str, str]) -> None:
    refusal = Asking().refused([tool(name, ident) for ident, name in enumerate(names)])
    assert (refusal.reason, refusal.message) == (Reason.DENIED, "nothing is dropped")
    assert not refusal.headers


def test_a_request_without_a_credential_is_told_the_scopes_of_the_configured_route() -> None:
    assert scopes_in(Asking().refused(subject=None)) == "issues:read"


def test_a_subscription_is_allowed_with_everything_that_it_subscribes_to() -> None:
    method, uris = "subscriptions/listen", ["file:///open/a", "file:///closed"]
    allowed = modern(method, notifications={"resourceSubscriptions": uris[:1]})
    asking = Asking()
    asking.judge(*allowed)
    assert asking.pipeline.review is not None
    assert [call.method for call in asking.pipeline.review.calls] == [method, "resources/read"]
    denied = modern(method, notifications={"resourceSubscriptions": uris})
    refusal = Asking().refused(*denied)
    assert (refusal.reason, refusal.ids, refusal.innocent) == (Reason.DENIED, (7,), ())


@pytest.mark.parametrize(
    ("method", "params", "recorded"),
    [
        ("resources/read", {"uri": "https://me:pw@host/a?token=s3cret#x"}, "https://host/a"),
        ("resources/subscribe", {"uri": "file:///shut/a?token=s3cret"}, "file:///shut/a"),
        (
            "completion/complete",
            {
                "ref": {"type": "ref/resource", "uri": "file:///a{x}?token=s3cret"},
                "argument": {"name": "x", "value": ""},
            },
            "file:///a{x}",
        ),
        (
            "completion/complete",
            {
                "ref": {"type": "ref/prompt", "name": "what?"},
                "argument": {"name": "x", "value": ""},
            },
            "what?",
        ),
        ("tools/call", {"name": "what?", "arguments": {}}, "what?"),
    ],
)
def test_a_record_names_a_resource_without_what_may_be_secret_in_its_uri(
    method: str, params: dict[str, Any], recorded: str
) -> None:
    asking = Asking()
    asking.refused(rpc(method, params, 7))
    assert asking.record.target == recorded
