"""What is wrong, or probably not meant, in well-formed documents.

Pure: no I/O, no clock.
"""

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Final

from gateway.config.yamltree import Path
from gateway.model.problem import Problem
from gateway.policy.attributes import CREDENTIALS
from gateway.policy.cel import Use
from gateway.policy.glob import WILDCARD, Glob
from gateway.policy.index import RuleIndex
from gateway.policy.rule import Rule
from gateway.policy.schema import AccessRule
from gateway.policy.source import PolicySource
from gateway.policy.vocabulary import METHODS, SELECTED, SELECTORS, Selector

_IDENTITIES: Final = ("spiffe://", "jwt:", "key:", "metadata:", "anonymous")
_SIMILAR: Final = 0.8


def document_findings(
    documents: Sequence[PolicySource], backends: frozenset[str], routes: frozenset[str]
) -> list[Problem]:
    """Names that occur twice, and targets that do not exist."""
    problems: list[Problem] = []
    seen: dict[str, PolicySource] = {}
    for source in documents:
        name = source.model.metadata.name
        first = seen.setdefault(name, source)
        if first is not source:
            where = first.place(("metadata", "name"))
            message = f'the policy "{name}" already exists'
            problems.append(
                source.error(("metadata", "name"), message, f"rename one; the other is at {where}")
            )
        problems += _rule_names(source)
        problems += target_findings(source, backends, routes)
    return problems


def _rule_names(source: PolicySource) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, rule in enumerate(source.model.spec.rules):
        if rule.name in seen:
            path = ("spec", "rules", number, "name")
            yield source.error(path, f'the rule "{rule.name}" already exists', "rename one")
        seen.add(rule.name)


def target_findings(
    source: PolicySource, backends: frozenset[str], routes: frozenset[str]
) -> Iterator[Problem]:
    """Targets that do not exist."""
    for number, target in enumerate(source.model.spec.targets):
        for kind, name, known in (
            ("backend", target.backend, backends),
            ("route", target.route, routes),
        ):
            if name is not None and name not in known:
                path = ("spec", "targets", number, kind)
                yield source.error(path, f'no {kind} "{name}"', _meant(name, known))


def _meant(name: str, known: frozenset[str]) -> str:
    close = get_close_matches(name, sorted(known), n=1)
    if close:
        return f'did you mean "{close[0]}"?'
    return f"known: {', '.join(sorted(known))}" if known else ""


def rule_findings(source: PolicySource, rule: AccessRule, path: Path) -> list[Problem]:
    """Methods that do not exist or cannot meet the rule's selectors, and identities that no
    principal can have."""
    return [
        *_methods(source, rule, path),
        *_selectors(source, rule, path),
        *_identities(source, rule, path),
    ]


def _methods(source: PolicySource, rule: AccessRule, path: Path) -> Iterator[Problem]:
    for number, method in enumerate(rule.methods or ()):
        here = (*path, "methods", number)
        if WILDCARD in method:
            if not any(Glob(method).matches(known) for known in METHODS):
                yield source.error(here, f'no method matches "{method}"')
        elif method not in METHODS:
            yield _unknown_method(source, method, here)


def _unknown_method(source: PolicySource, method: str, path: Path) -> Problem:
    close = get_close_matches(method, sorted(METHODS), n=1, cutoff=_SIMILAR)
    if close:
        return source.error(path, f'no method "{method}"', f'did you mean "{close[0]}"?')
    message = (
        f'"{method}" is not a method of any protocol; only a server\'s own extension can have it'
    )
    return source.warning(path, message)


def _selectors(source: PolicySource, rule: AccessRule, path: Path) -> Iterator[Problem]:
    given: list[Selector] = [name for name in SELECTORS if getattr(rule, name) is not None]
    named = [Glob(method) for method in rule.methods or ()]
    if not given or not named:
        return
    for name in given:
        if not any(glob.matches(method) for glob in named for method in SELECTED[name]):
            fix = f"add {' or '.join(sorted(SELECTED[name]))} to methods, or leave methods out"
            yield source.error((*path, name), f"none of the methods has {name}", fix)
    for number, glob in enumerate(named):
        if not any(glob.matches(method) for name in given for method in SELECTED[name]):
            fix = "write a rule of its own for it"
            message = f"{glob.text} has no {' or '.join(given)}, so the rule never applies to it"
            yield source.error((*path, "methods", number), message, fix)


def _identities(source: PolicySource, rule: AccessRule, path: Path) -> Iterator[Problem]:
    for key, patterns in (("principals", rule.principals), ("actors", rule.actors)):
        for number, pattern in enumerate(patterns or ()):
            start = pattern.partition(WILDCARD)[0]
            whole = WILDCARD not in pattern
            if not any(_may_begin(start, form, whole=whole) for form in _IDENTITIES):
                yield source.warning(
                    (*path, key, number),
                    f'no identity looks like "{pattern}"',
                    "a SPIFFE id, jwt:ISSUER#SUBJECT, key:NAME, metadata:NAMESPACE#SUBJECT "
                    "or anonymous",
                )


def _may_begin(start: str, form: str, *, whole: bool) -> bool:
    if form == "anonymous":
        return start == form if whole else form.startswith(start)
    return start.startswith(form) or (not whole and form.startswith(start))


def usage_findings(source: PolicySource, uses: Iterable[Use], path: Path) -> Iterator[Problem]:
    """Headers that are never there, so that the rule could never allow or would always deny."""
    for use in sorted(uses, key=str):
        if use[:2] == ("request", "headers") and use.key is not None:
            if use.key in CREDENTIALS:
                message = f"policies never see the header {use.key}"
                yield source.error((*path, "when"), message, "use principal")
            elif use.key != use.key.lower():
                message = f"no request has a header {use.key}: names are in lower case"
                yield source.error((*path, "when"), message, f'write "{use.key.lower()}"')


def unreachable(index: RuleIndex) -> Iterator[tuple[Rule, str, str]]:
    """Rules that never decide, because an earlier one takes everything that they match; denies
    come before allows. Yields (rule, message, fix)."""
    for bit, rule in enumerate(index.rules):
        if rule.shadow or not rule.methods:
            continue
        earlier = (1 << bit) - 1
        for other in index.walk(index.covering(rule) & earlier & ~index.shadow):
            if _unconditional(other) or _same_conditions(rule, other):
                does = "allows" if other.allows else "refuses"
                message = f"never decides: {other.path} already {does} everything that it matches"
                yield rule, message, f"remove it, or narrow the other, {other.place}"
                break


def _unconditional(rule: Rule) -> bool:
    return rule.when is None and not rule.scopes


def _same_conditions(rule: Rule, other: Rule) -> bool:
    """A deny that fails to evaluate refuses, an allow does not: same text, same effect only."""
    same = rule.when_text == other.when_text and rule.scopes == other.scopes
    return same and rule.allows == other.allows
