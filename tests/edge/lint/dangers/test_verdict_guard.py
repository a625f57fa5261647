import pytest

from tests.edge.lint.case import asks, bootstrap, check, filter_of, route

DANGER = "verdict-guard"
ASKS = asks().replace("- name: gatehouse.ext_proc", "- name: gatehouse.ext_proc  # !")
VERDICT = "{metadata_matcher: {filter: gatehouse, path: [{key: audit_id}], value: {%s}}}"
OF_VERDICT = "sourced_metadata: " + VERDICT % "present_match: true"


def guard(permission: str = OF_VERDICT, action: str = "ALLOW") -> str:
    policies = f"{{judged: {{permissions: [{{{permission}}}], principals: [{{any: true}}]}}}}"
    return filter_of(
        "rbac.v3.RBAC", f"rules: {{action: {action}, policies: {policies}}}", "gatehouse.rbac"
    )


FIXED = bootstrap(asks() + guard())


def test_a_chain_without_a_guard_is_named() -> None:
    check(DANGER, bootstrap(ASKS), FIXED)


def test_a_guard_before_the_question_guards_nothing() -> None:
    check(DANGER, bootstrap(guard() + ASKS), FIXED)


@pytest.mark.parametrize(
    "permission",
    [
        "any: true",
        "sourced_metadata: " + VERDICT % "string_match: {exact: a}",
        f"or_rules: {{rules: [{{{OF_VERDICT}}}, {{any: true}}]}}",
        f"not_rule: {{{OF_VERDICT}}}",
        OF_VERDICT.replace("audit_id", "other"),
        OF_VERDICT.replace("filter: gatehouse", "filter: envoy.lb"),
    ],
)
def test_a_rule_that_something_unjudged_satisfies_is_no_guard(permission: str) -> None:
    check(DANGER, bootstrap(ASKS + guard(permission)), FIXED)


def test_a_rule_that_denies_the_judged_is_no_guard() -> None:
    check(DANGER, bootstrap(ASKS + guard(action="DENY")), FIXED)


def test_a_guard_may_want_more_than_the_verdict() -> None:
    more = f"and_rules: {{rules: [{{{OF_VERDICT}}}, {{any: true}}]}}"
    check(DANGER, bootstrap(ASKS), bootstrap(asks() + guard(more)))


def test_a_judged_route_without_its_guard_is_named() -> None:
    off = "typed_per_filter_config: {gatehouse.rbac: {disabled: true}}"
    here = route(more=off).replace('@tracker"', '@tracker"  # !')
    check(DANGER, bootstrap(asks() + guard(), here), bootstrap(asks() + guard(), route()))


@pytest.mark.parametrize("rbac", ["{}", "{rules: {action: ALLOW, policies: {a: {}}}}"])
def test_a_route_that_replaces_the_guards_rules_is_named(rbac: str) -> None:
    def with_rules(config: str) -> str:
        more = f"typed_per_filter_config: {{gatehouse.rbac: {config}}}"
        here = route(more=more).replace('@tracker"', '@tracker"  # !')
        return bootstrap(asks() + guard(), here)

    policies = f"{{judged: {{permissions: [{{{OF_VERDICT}}}], principals: [{{any: true}}]}}}}"
    right = f"{{rbac: {{rules: {{policies: {policies}}}}}}}"
    check(DANGER, with_rules(f"{{rbac: {rbac}}}"), with_rules(right))
    check(DANGER, with_rules('{"@type": a.RBACPerRoute}'), with_rules(right))
