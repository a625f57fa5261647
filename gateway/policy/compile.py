"""AccessPolicy documents to a `PolicySet`, or to everything that is wrong with them.

Pure: no I/O, no clock. Nothing here is on the request path; a set that compiled is immutable.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from gateway.config.selection import Target
from gateway.config.yamltree import Path
from gateway.model.problem import Place, Problem
from gateway.policy.book import RuleBook
from gateway.policy.cel import CelError, Expression, Runtime, Use
from gateway.policy.celengine import runtime as default_runtime
from gateway.policy.checked import checked_findings
from gateway.policy.engine import PolicySet
from gateway.policy.findings import (
    document_findings,
    rule_findings,
    unreachable,
    usage_findings,
)
from gateway.policy.glob import Glob
from gateway.policy.index import RuleIndex
from gateway.policy.rule import Rule
from gateway.policy.schema import AccessPolicy, AccessRule
from gateway.policy.source import PolicySource
from gateway.policy.vocabulary import (
    METHODS,
    SELECTED,
    SELECTORS,
    carries,
    describes_calls,
    methods_of,
)


def compile_policies(  # noqa: PLR0913  what a configuration says of its policies
    documents: Sequence[PolicySource],
    *,
    backends: Collection[str],
    routes: Collection[str],
    spoken: Mapping[tuple[str, str], Collection[str]] | None = None,
    checked: Collection[tuple[str, str]] = (),
    base: Literal["implied", "explicit"] = "implied",
    runtime: Runtime | None = None,
) -> PolicySet | tuple[Problem, ...]:
    """Compile every document, in order.

    `backends` and `routes` are the names that targets may use, `spoken` the protocols that they
    speak, by ("backend" or "route", name) (None: not known), `checked` those that only routes in
    mode `check` lead to; `base` says whether base messages follow from other permissions,
    `runtime` is the CEL implementation (default: as `celengine` chooses).
    Returns all problems if one of them is an error; warnings alone are in `PolicySet.warnings`.
    """
    problems = document_findings(documents, frozenset(backends), frozenset(routes))
    compiler = RuleCompiler(runtime or default_runtime(), _extensions(documents), spoken)
    rules: list[Rule] = []
    places: dict[str, tuple[PolicySource, Path]] = {}
    for source in documents:
        for number, rule in enumerate(source.model.spec.rules):
            path: Path = ("spec", "rules", number)
            compiled, found = compiler.rule(source, rule, path)
            problems += [*found, *checked_findings(source, rule, path, checked)]
            if compiled is not None:
                rules.append(compiled)
                places[compiled.path] = (source, path)
    index = RuleIndex(rules)
    problems += [
        places[rule.path][0].warning(places[rule.path][1], *text)
        for rule, *text in unreachable(index)
    ]
    if any(problem.severity == "error" for problem in problems):
        return tuple(problems)
    return PolicySet(RuleBook(index, compiler.runtime, implied_base=base == "implied"), problems)


def _extensions(documents: Iterable[PolicySource]) -> frozenset[str]:
    """The methods outside of every protocol that some rule names."""
    return frozenset(
        method
        for source in documents
        for rule in source.model.spec.rules
        for method in rule.methods or ()
        if "*" not in method and method not in METHODS
    )


class RuleCompiler:
    """Compiles rules; the same expression is compiled once. `extensions` are the methods outside of
    every protocol that rules may apply to, `spoken` is as in `compile_policies`."""

    def __init__(
        self,
        runtime: Runtime,
        extensions: frozenset[str],
        spoken: Mapping[tuple[str, str], Collection[str]] | None,
    ) -> None:
        self.runtime = runtime
        self._extensions = extensions
        self._spoken = spoken
        self._expressions: dict[str, Expression | CelError] = {}

    def rule(
        self, source: PolicySource, rule: AccessRule, path: Path
    ) -> tuple[Rule | None, list[Problem]]:
        """The compiled rule and what is wrong with it; None if it cannot be compiled at all."""
        problems = rule_findings(source, rule, path)
        when = self._expression(rule.when)
        if isinstance(when, CelError):
            return None, [*problems, source.cel_error((*path, "when"), when)]
        if when is not None:
            problems += usage_findings(source, when.uses, path)
        methods = self._methods(rule, when) & self.possible(source.model.spec.targets)
        if not methods and not any(one.severity == "error" for one in problems):
            message = "the rule applies to no method: none carries everything that it names"
            problems.append(source.error(path, message, "split it into one rule for each method"))
        return _compiled(source.model, rule, source.place(path), methods, when), problems

    def _expression(self, text: str | None) -> Expression | CelError | None:
        if text is None:
            return None
        if text not in self._expressions:
            self._expressions[text] = self.runtime.compile(text)
        return self._expressions[text]

    def possible(self, targets: Iterable[Target]) -> frozenset[str]:
        """The methods that some target can be sent."""
        if self._spoken is None:
            return METHODS | self._extensions
        keys = [
            ("backend", one.backend) if one.backend else ("route", one.route or "")
            for one in targets
        ]
        protocols = {protocol for key in keys for protocol in self._spoken.get(key, ())}
        methods = methods_of(protocols)
        if not methods:  # a target that no judged route leads to is reported as such
            return METHODS | self._extensions
        return methods | self._extensions if "mcp" in protocols else methods

    def _methods(self, rule: AccessRule, when: Expression | None) -> frozenset[str]:
        """The methods that the rule names and that carry what its selectors and its `when` use."""
        methods = named_methods(rule, self._extensions)
        selected = [SELECTED[name] for name in SELECTORS if getattr(rule, name) is not None]
        if selected:
            methods &= frozenset[str]().union(*selected)
        uses = when.uses if when else frozenset[Use]()
        fields = {
            (use.variable, use.field)
            for use in uses
            if describes_calls(use.variable) and use.field is not None
        }
        return frozenset(
            method for method in methods if all(carries(method, *field) for field in fields)
        )


def named_methods(rule: AccessRule, extensions: frozenset[str]) -> frozenset[str]:
    """What `methods` stands for. A wildcard, or no `methods` at all, never allows what is not
    MCP's own, but denies it: only a rule that names an extension allows it."""
    universe = METHODS if rule.effect == "allow" else METHODS | extensions
    if rule.methods is None:
        return universe
    globs = [Glob(method) for method in rule.methods]
    exact = frozenset(glob.text for glob in globs if glob.exact)
    return exact | frozenset(
        method for method in universe if any(glob.matches(method) for glob in globs)
    )


def _compiled(
    policy: AccessPolicy,
    rule: AccessRule,
    place: Place,
    methods: frozenset[str],
    when: Expression | None,
) -> Rule:
    targets = policy.spec.targets
    return Rule(
        policy=policy.metadata.name,
        name=rule.name,
        allows=rule.effect == "allow",
        shadow=(rule.mode or policy.spec.mode) == "shadow",
        place=place,
        methods=methods,
        backends=frozenset(target.backend for target in targets if target.backend),
        routes=frozenset(target.route for target in targets if target.route),
        principals=_globs(rule.principals),
        actors=_globs(rule.actors),
        names={
            name: globs for name in SELECTORS if (globs := _globs(getattr(rule, name))) is not None
        },
        scopes=frozenset(rule.scopes or ()),
        when=when,
        when_text=rule.when or "",
        reason=rule.reason or "",
    )


def _globs(patterns: tuple[str, ...] | None) -> tuple[Glob, ...] | None:
    return None if patterns is None else tuple(Glob(pattern) for pattern in patterns)
