from gateway.model.problem import Place
from gateway.policy.glob import Glob
from gateway.policy.index import RuleIndex
from gateway.policy.rule import Rule
from tests.policy.documents import AGENT, USER

PLACE = Place("p", 1, 1)
METHODS = frozenset({"tools/call"})


def _rule(
    name: str,
    *,
    allows: bool = True,
    backend: str = "b",
    principals: tuple[Glob, ...] | None = None,
    tools: tuple[Glob, ...] | None = None,
) -> Rule:
    return Rule(
        "p",
        name,
        allows,
        shadow=False,
        place=PLACE,
        methods=METHODS,
        backends=frozenset({backend}),
        principals=principals,
        names={} if tools is None else {"tools": tools},
    )


def test_denies_come_first_and_keep_their_order() -> None:
    index = RuleIndex([_rule("a"), _rule("b", allows=False), _rule("c"), _rule("d", allows=False)])
    assert [rule.name for rule in index.walk(0b1111)] == ["b", "d", "a", "c"]
    assert [rule.name for rule in index.walk(0b1111 & index.allowing)] == ["a", "c"]


def test_a_mask_is_walked_over_its_bits_only() -> None:
    index = RuleIndex([_rule(str(n)) for n in range(200)])
    assert [rule.name for rule in index.walk(1 << 199 | 1 << 3)] == ["3", "199"]
    assert list(index.walk(0)) == []


def test_each_field_narrows_the_rules() -> None:
    index = RuleIndex(
        [
            _rule("any"),
            _rule("elsewhere", backend="c"),
            _rule("agents", principals=(Glob("spiffe://*"),)),
            _rule("get", tools=(Glob("get"), Glob("g*"))),
        ]
    )
    assert index.targeted("b", "") == 0b1101
    assert index.targeted("c", "") == 0b0010
    assert index.targeted("d", "") == 0
    assert index.by_principal(AGENT) == 0b1111
    assert index.by_principal(USER) == 0b1011
    assert index.by_method("tools/call") == 0b1111
    assert index.by_method("ping") == 0
    assert index.by_name("tools", "get") == 0b1111
    assert index.by_name("tools", "put") == 0b0111
    assert index.by_name("prompts", "get") == 0b0111


def test_a_rule_covers_what_its_fields_cover() -> None:
    broad = _rule("broad", tools=(Glob("g*"),))
    narrow = _rule("narrow", tools=(Glob("get"),), principals=(Glob("key:a"),))
    index = RuleIndex([broad, narrow])
    assert index.covering(narrow) == 0b11
    assert index.covering(broad) == 0b01
