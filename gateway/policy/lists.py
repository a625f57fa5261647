"""Which items of a list a caller is shown. Pure: no I/O, no clock.

An item is judged as a call that uses it, of unknown arguments: it is shown if some allow rule
could match for some arguments and no deny rule matches for all. Unknown never fails.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.model.call import Call, Kind
from gateway.model.principal import Principal
from gateway.policy.book import RuleBook
from gateway.policy.context import RequestContext
from gateway.policy.decide import could_match, decidable, matches
from gateway.policy.evaluation import Evaluation
from gateway.policy.glob import Glob
from gateway.policy.index import RuleIndex
from gateway.policy.rule import Rule
from gateway.policy.vocabulary import SELECTED, SPOKEN, Selector

MAX_TEMPLATE: Final = 2_048
"""Characters of a URI template that is compared with patterns; a longer one is not shown."""

_EXPRESSION: Final = re.compile(r"\{[^{}]*\}")  # RFC 6570


@dataclass(frozen=True, slots=True)
class _Item:
    """What using an item means: `field` of a call of one of `methods` is its name."""

    methods: tuple[str, ...]
    field: str
    selector: Selector
    template: bool = False

    @property
    def known(self) -> frozenset[str]:
        """The fields of the call that the item determines."""
        return frozenset({"method", "kind"} if self.template else {"method", "kind", self.field})


ITEMS: Final[Mapping[str, _Item]] = MappingProxyType(
    {
        "tools/list": _Item(("tools/call",), "name", "tools"),
        "prompts/list": _Item(("prompts/get",), "name", "prompts"),
        "resources/list": _Item(("resources/read",), "uri", "resources"),
        "resources/templates/list": _Item(("resources/read",), "uri", "resources", template=True),
        "models/list": _Item(tuple(sorted(SELECTED["models"] - {"models/get"})), "model", "models"),
    }
)


def shows(
    book: RuleBook, list_method: str, name: str, principal: Principal, context: RequestContext
) -> bool:
    """Whether the item `name` (tool, prompt, resource URI, URI template, model) of the result of
    `list_method` is shown. False for methods whose results are not filtered."""
    item = ITEMS.get(list_method)
    if item is None:
        return False
    spoken = SPOKEN.get(context.protocol, frozenset())
    return any(
        _usable(book, item, method, name, principal, context)
        for method in item.methods
        if method in spoken
    )


def _usable(  # noqa: PLR0913, PLR0917  one use of one item
    book: RuleBook,
    item: _Item,
    method: str,
    name: str,
    principal: Principal,
    context: RequestContext,
) -> bool:
    rules = _rules(book.index, item, method, name, principal, context)
    call = Call(context.protocol, method, Kind.REQUEST, target=name, attributes={item.field: name})
    known = item.known
    evaluation = Evaluation(
        book.runtime,
        (rule for rule in rules if decidable(rule, known)),
        call,
        principal,
        context,
    )
    for rule in rules:
        if rule.allows:
            if could_match(rule, principal, evaluation, known):
                return True
        elif decidable(rule, known) and matches(rule, principal, evaluation):
            return False
    return False


def _rules(  # noqa: PLR0913, PLR0917  as `_usable`
    index: RuleIndex,
    item: _Item,
    method: str,
    name: str,
    principal: Principal,
    context: RequestContext,
) -> list[Rule]:
    """The rules whose structured fields match a call that uses the item, denies first."""
    mask = index.targeted(context.backend, context.head.route) & ~index.shadow
    mask &= index.by_method(method) & index.by_principal(principal)
    if not item.template:
        return list(index.walk(mask & index.by_name(item.selector, name)))
    if len(name) > MAX_TEMPLATE:
        return []
    template = Glob(_EXPRESSION.sub("*", name))
    return [rule for rule in index.walk(mask) if _takes(rule, template)]


def _takes(rule: Rule, template: Glob) -> bool:
    """Whether an allow rule takes some expansion of a template, a deny rule every one."""
    if not rule.names:
        return True
    globs = rule.names.get("resources", ())
    if rule.allows:
        return any(glob.overlaps(template) for glob in globs)
    return any(glob.covers(template) for glob in globs)
