"""Under which keys taints are kept."""

from gateway.model.call import Call, Kind
from gateway.model.head import Headers, RequestHead
from gateway.model.principal import Principal, PrincipalKind
from gateway.pipeline.taints import NoTaints, TaintKeys, taint_keys

ALICE = Principal(PrincipalKind.KEY, "", "alice")
BOB = Principal(PrincipalKind.KEY, "", "bob")
CALL = Call("mcp", "tools/call", Kind.REQUEST, id=1, target="t")


def keys(
    principal: Principal = ALICE,
    *headers: tuple[str, str],
    session: str | None = None,
    call: Call = CALL,
    secret: bytes = b"k",
) -> TaintKeys:
    head = RequestHead("POST", "/mcp", headers=Headers(headers), route="r")
    return taint_keys(secret, principal, head, (call,), session)


def test_without_a_session_a_taint_is_of_the_principal_alone() -> None:
    made = keys()
    assert made.sessions == ()
    assert made.written(wide=False) == made.written(wide=True) == (made.alone,)


def test_whoever_names_no_session_has_the_taints_of_all() -> None:
    written = {*keys(session="s1").written(wide=False)}
    assert written & {*keys().read}
    assert not written & {*keys(session="s2").read}


def test_who_begins_a_session_begins_clean() -> None:
    begins = keys(call=Call("mcp", "initialize", Kind.REQUEST, id=1))
    assert begins.read == (begins.alone,)


def test_in_a_session_a_taint_is_of_the_session_and_both_are_read() -> None:
    made = keys(session="s1")
    assert made.written(wide=False) == (*made.sessions, made.anywhere)
    assert made.read == (made.alone, *made.sessions)
    assert made.written(wide=True) == (made.alone,)


def test_sessions_of_mcp_of_agents_and_contexts_of_a2a_are_sessions() -> None:
    by_header = keys(ALICE, ("x-claude-code-session-id", "s1"))
    by_context = keys(
        call=Call("a2a", "SendMessage", Kind.REQUEST, attributes={"context_id": "s1"})
    )
    all_of_them = {keys(session="s1").sessions, by_header.sessions, by_context.sessions}
    assert len(all_of_them) == 3
    assert all(len(one) == 1 for one in all_of_them)


def test_two_principals_share_no_key_though_they_name_the_same_session() -> None:
    assert not set(keys(ALICE, session="s").read) & set(keys(BOB, session="s").read)


def test_keys_tell_nobody_who_does_not_know_the_secret() -> None:
    assert "alice" not in keys().alone
    assert keys(secret=b"a").alone != keys(secret=b"b").alone


def test_a_header_that_comes_twice_names_no_session() -> None:
    twice = (("x-session-id", "a"), ("x-session-id", "b"))
    assert keys(ALICE, *twice).sessions == ()


async def test_a_store_that_is_none_knows_nothing_and_says_so() -> None:
    assert await NoTaints().read(["k"], ["web"]) is None
    assert await NoTaints().write(["k"], {"web": 1.0}) is False
