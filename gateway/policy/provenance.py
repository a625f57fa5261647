"""Which results taint what comes after them. Pure: no I/O, no clock.

Text checks do not see an instruction that looks like any other text. Where a result came from is
known, though: what an agent may do after it has read the open web can be less than before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.model.call import Call
from gateway.model.outcome import Found
from gateway.model.passage import Part, Passage
from gateway.policy.glob import Glob
from gateway.policy.provenance_schema import Provenance, ProvenanceRule
from gateway.policy.vocabulary import subject

_RESULTS = frozenset({Part.TOOL_RESULT, Part.RESOURCE})


@dataclass(frozen=True, slots=True)
class Taint:
    """What a result leaves behind. `label` is the name of its document, `ttl` in seconds; without
    `wide` it is of the session where there is one."""

    label: str
    ttl: float
    wide: bool = False


@dataclass(frozen=True, slots=True)
class _Rule:
    taint: Taint
    backends: frozenset[str]
    routes: frozenset[str]
    names: tuple[tuple[str, tuple[Glob, ...]], ...]
    findings: frozenset[str]

    def concerns(self, call: Call, backend: str, route: str) -> bool:
        """Whether results of the call are meant, whatever is in them."""
        if backend not in self.backends and route not in self.routes:
            return False
        if not self.names:
            return True
        about = subject(call)
        return about is not None and self._selects(*about)

    def _selects(self, selector: str, name: str) -> bool:
        return any(
            selector == wanted and any(glob.matches(name) for glob in globs)
            for wanted, globs in self.names
        )

    def tool(self, name: str) -> bool:
        """Whether results of a tool are meant, wherever it runs."""
        return self._selects("tools", name)


class ProvenanceBook:
    """All Provenance documents of a snapshot."""

    def __init__(self, documents: Iterable[Provenance] = ()) -> None:
        self._rules = tuple(_compiled(one, rule) for one in documents for rule in one.spec.rules)
        self.labels = frozenset(rule.taint.label for rule in self._rules)
        self.reads_findings = any(rule.findings for rule in self._rules)

    def of_call(self, call: Call, backend: str, route: str) -> frozenset[Taint]:
        """What any result of a call leaves behind, known before it has come."""
        return frozenset(
            rule.taint
            for rule in self._rules
            if not rule.findings and rule.concerns(call, backend, route)
        )

    def of_findings(
        self, found: Sequence[Found], call: Call, backend: str, route: str
    ) -> frozenset[Taint]:
        """What a result of a call leaves behind in which this was found."""
        if not found:
            return frozenset()
        kinds = _kinds(found)
        return frozenset(
            rule.taint
            for rule in self._rules
            if rule.findings & kinds and rule.concerns(call, backend, route)
        )

    def in_messages(
        self, passages: Iterable[Passage], found: Sequence[Found] = ()
    ) -> frozenset[str]:
        """The labels of a conversation with a model that holds results itself: by the tools that
        it names, and by what was found in results."""
        tools = {one.name for one in passages if one.part in _RESULTS and one.name}
        kinds = _kinds(one for one in found if one.part in _RESULTS)
        return frozenset(
            rule.taint.label
            for rule in self._rules
            if (rule.findings & kinds and not rule.names)
            or (
                (not rule.findings or rule.findings & kinds)
                and any(rule.tool(name) for name in tools)
            )
        )


def _kinds(found: Iterable[Found]) -> frozenset[str]:
    """The detectors of findings, and detector/category."""
    return frozenset(
        kind
        for one in found
        for kind in (one.finding.detector, f"{one.finding.detector}/{one.finding.category}")
    )


def _compiled(document: Provenance, rule: ProvenanceRule) -> _Rule:
    spec = document.spec
    selected = (("tools", rule.tools), ("resources", rule.resources), ("agents", rule.agents))
    return _Rule(
        taint=Taint(document.metadata.name, spec.ttl, spec.scope == "principal"),
        backends=frozenset(one.backend for one in spec.targets if one.backend),
        routes=frozenset(one.route for one in spec.targets if one.route),
        names=tuple(
            (name, tuple(map(Glob, patterns)))
            for name, patterns in selected
            if patterns is not None
        ),
        findings=frozenset(rule.findings or ()),
    )
