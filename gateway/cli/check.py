"""`gatehouse check`: is this configuration right, and what does it say?"""

import os
from collections.abc import Iterator, Sized
from pathlib import Path
from typing import Annotated

import typer

from gateway.bootstrap.load import ConfigurationError, Loaded, load
from gateway.cli.findings import counted, print_json, problem_json, show_problems
from gateway.config.gie_picker import PickerReading
from gateway.config.gie_plugins import Verdict
from gateway.config.yamltree import path_text
from gateway.model.jsonvalue import JsonValue
from gateway.model.problem import Place, Problem
from gateway.policy.celengine import Engine
from gateway.policy.rule import Rule


def check(
    config: Annotated[Path, typer.Option("--config", "-c", help="The gateway.yaml.")] = Path(
        "gateway.yaml"
    ),
    *,
    demo: Annotated[bool, typer.Option(help="Accept missing sealing keys.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    rules: Annotated[bool, typer.Option(help="Show the methods each rule applies to.")] = False,
    engine: Annotated[
        Engine | None, typer.Option(help="Check with this CEL engine instead of the one in use.")
    ] = None,
) -> None:
    """Check gateway.yaml and its policies.

    Says of each plugin of an EndpointPickerConfig of llm-d how near Gatehouse comes to it: exact,
    approximate or unsupported. Exit code 1 if there is an error; warnings alone are fine.

    Examples:

      gatehouse check -c gateway.yaml

      gatehouse check -c gateway.yaml --rules

      gatehouse check -c gateway.yaml --engine cel-python

      gatehouse check -c gateway.yaml --json | jq '.problems[].message'
    """
    try:
        loaded = load(config, os.environ, demo=demo, engine=engine)
    except ConfigurationError as error:
        _report(error.problems, None, as_json=as_json, rules=rules)
        raise typer.Exit(1) from error
    _report(loaded.warnings, loaded, as_json=as_json, rules=rules)


def _report(
    problems: tuple[Problem, ...], loaded: Loaded | None, *, as_json: bool, rules: bool
) -> None:
    if as_json:
        print_json(
            {
                "ok": loaded is not None,
                "problems": [problem_json(problem) for problem in problems],
                "rules": _rules(loaded) if loaded else [],
                "plugins": _plugins(loaded) if loaded else [],
            }
        )
        return
    show_problems(problems)
    if loaded is None:
        errors = sum(problem.severity == "error" for problem in problems)
        typer.echo(counted(errors, "error"), err=True)
        return
    for line in (*(_rule_lines(loaded) if rules else ()), *_plugin_lines(loaded)):
        typer.echo(line)
    gateway = loaded.gateway
    parts: dict[str, Sized] = {
        "listener": gateway.listeners,
        "route": gateway.routes,
        "backend": gateway.backends,
        "pool": gateway.pools,
        "picker": loaded.pickers,
        "policy": loaded.sources,
        "rule": loaded.policies.rules,
        "guardrail": loaded.guardrails,
    }
    found = ", ".join(
        counted(len(things), noun)
        for noun, things in parts.items()
        if things or noun not in {"pool", "picker", "guardrail"}
    )
    nothing = "" if loaded.sources else "; without a policy every judged request is refused"
    typer.echo(f"ok: {found} on {loaded.policies.runtime}{nothing}")


def _rules(loaded: Loaded) -> list[JsonValue]:
    return [
        {
            "policy": rule.policy,
            "rule": rule.name,
            "effect": _effect(rule, loaded),
            "methods": list[JsonValue](sorted(rule.methods)),
        }
        for rule in (*loaded.policies.rules, *loaded.guarding.matches.rules)
    ]


def _effect(rule: Rule, loaded: Loaded) -> str:
    if rule in loaded.guarding.matches.rules:
        return "guard"
    return "allow" if rule.allows else "deny"


def _plugins(loaded: Loaded) -> list[JsonValue]:
    return [
        {
            "picker": picker.name,
            "plugin": verdict.plugin,
            "type": verdict.type,
            "level": verdict.level.value,
            "says": verdict.says,
            "file": place.file,
            "line": place.line,
            "column": place.column,
            "path": path_text(verdict.path),
        }
        for picker, verdict, place in _verdicts(loaded)
    ]


def _plugin_lines(loaded: Loaded) -> Iterator[str]:
    for _, verdict, place in _verdicts(loaded):
        named = "" if verdict.plugin == verdict.type else f" ({verdict.type})"
        yield f"{place}: {verdict.level.value}: {verdict.plugin}{named}: {verdict.says}"


def _verdicts(loaded: Loaded) -> Iterator[tuple[PickerReading, Verdict, Place]]:
    for picker in loaded.foreign:
        for verdict in picker.verdicts:
            yield picker, verdict, picker.document.place(verdict.path)


def _rule_lines(loaded: Loaded) -> list[str]:
    rules = [
        f"{'allow' if rule.allows else 'deny'} {rule.policy}/{rule.name}: "
        + ", ".join(sorted(rule.methods))
        for rule in loaded.policies.rules
    ]
    guarded: dict[str, frozenset[str]] = {}
    for rule in loaded.guarding.matches.rules:
        guarded[rule.policy] = guarded.get(rule.policy, frozenset()) | rule.methods
    return rules + [
        f"guardrail {name}: " + ", ".join(sorted(methods)) for name, methods in guarded.items()
    ]
