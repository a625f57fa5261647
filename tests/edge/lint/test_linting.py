"""Whole files: what we generate is clean, and what somebody writes is named wherever it is."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.bootstrap import bootstrap as our_bootstrap
from gateway.edge.bootstrap import whole_bootstrap
from gateway.edge.layout import Layout
from gateway.edge.lint import linting
from gateway.edge.lint.danger import Finding
from gateway.edge.lint.expected import expected_of
from gateway.edge.lint.linting import MAX_BYTES, all_dangers, lint, lint_text
from gateway.edge.packing import to_json
from gateway.edge.snippet import snippet
from gateway.edge.snippet_text import snippet_text
from tests.edge.lint.case import DEFAULTS, asks, bootstrap, route
from tests.edge.stage import gateway_of
from tests.edge.test_snippet import every_kind

WORKERS = ["127.0.0.1:9500"]
MODES = [
    {"name": mode, "path": f"/{mode}", "protocol": "mcp", "backend": "tracker", "mode": mode}
    for mode in ("buffered", "duplex", "check")
]
OTHERS = [
    {"name": name, "path": f"/{name}", "protocol": name, "backend": "tracker"}
    for name in ("openai", "anthropic", "a2a", "unjudged")
]
GATEWAY = gateway_of(routes=[*MODES, *OTHERS])


def dangers_of(text: str) -> list[str]:
    return [str(one) for one in lint_text(text, "own.yaml", expected_of(GATEWAY))]


def test_what_we_generate_has_no_danger() -> None:
    assert dangers_of(to_json(whole_bootstrap(GATEWAY, WORKERS))) == []
    assert dangers_of(to_json(our_bootstrap(GATEWAY, Layout(Path("/run")), WORKERS))) == []


def test_a_snippet_has_no_danger() -> None:
    parts = snippet(GATEWAY, GATEWAY.listeners[0], WORKERS)
    assert dangers_of(snippet_text(parts, "main")) == []
    assert dangers_of(json.dumps({place: part.value for place, part in parts.items()})) == []


def test_neither_has_what_we_generate_for_mutual_tls() -> None:
    gateway = every_kind()
    parts = snippet(gateway, gateway.listeners[0], WORKERS)
    assert dangers_of(snippet_text(parts, "main")) == []
    assert dangers_of(to_json(whole_bootstrap(gateway, WORKERS))) == []


BROKEN = {
    '"failureModeAllow":true,"messageTimeout"': ('"messageTimeout"', "failure-mode-allow"),
    '"messageTimeout":"1s"': ('"messageTimeout":"6s"', "message-timeout"),
    '"requestBodyMode":"STREAMED"': ('"requestBodyMode":"BUFFERED"', "body-mode"),
    '"timeout":"60s","idleTimeout":"0s"': ('"timeout":"0s","idleTimeout":"0s"', "route-timeout"),
    '"remove":"x-other"': ('"remove":"cookie"', "credentials-to-upstream"),
    '"prefix":"x-other"': ('"prefix":"x-envoy-"', "unstripped-headers"),
    '"key":"other_id"': ('"key":"audit_id"', "verdict-guard"),
    '"maxRetries":3': ('"maxRetries":1000', "circuit-breakers"),
    '"address":"0.0.0.0","portValue"': ('"address":"127.0.0.1","portValue"', "admin-address"),
    '"type":"ORIGINAL_DST"': ('"type":"STATIC"', "original-dst"),
    '"clusterName":"other"': ('"clusterName":"gatehouse_workers"', "missing-cluster"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_generated_file_that_somebody_changed_is_named(broken: str) -> None:
    generated = to_json(whole_bootstrap(GATEWAY, WORKERS))
    original, danger = BROKEN[broken]
    changed = generated.replace(original, broken)
    assert changed != generated
    assert danger in {one.danger for one in findings(changed)}


def findings(text: str) -> list[Finding]:
    return [one for one in lint_text(text, "own.yaml", DEFAULTS) if isinstance(one, Finding)]


def test_both_spellings_of_keys_have_the_same_dangers() -> None:
    snake = bootstrap(
        asks("failure_mode_allow: true\nobservability_mode: true"), route("timeout: 5s")
    )
    camel = re.sub(r"_([a-z])", lambda match: match[1].upper(), snake)
    camel = camel.replace("gatehouseWorkers", "gatehouse_workers").replace("extProc", "ext_proc")
    assert camel != snake
    found = [(one.danger, one.place.line) for one in findings(snake)]
    assert [(one.danger, one.place.line) for one in findings(camel)] == found
    assert len(found) > 10


def test_findings_come_in_the_order_of_the_file() -> None:
    places = [(one.place.line, one.place.column) for one in findings(bootstrap(routes=route()))]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: [", 3, "not valid YAML"),
        ("a: 1\na: 2", 2, "already given"),
        ("just text", 1, "no configuration"),
        ("", 1, "no configuration"),
        ("apiVersion: gatehouse.dev/v1\nlisteners: []", 1, "no configuration"),
        ("a: !!python/object:os.system x", 1, "tags"),
        ("a: &a [*a]", 1, "holds itself"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text: str, line: int, message: str) -> None:
    (problem,) = lint_text(text, "own.yaml", DEFAULTS)
    assert not isinstance(problem, Finding)
    assert message in problem.message
    assert problem.place.line == line


def test_json_may_be_indented_with_tabs() -> None:
    text = json.dumps({"static_resources": {"clusters": []}}, indent="\t")
    assert findings(text) == []
    assert dangers_of(text) == []


def test_a_file_that_is_missing_or_too_large_or_no_text_is_told(tmp_path: Path) -> None:
    for content, message in (
        (None, "cannot read the file"),
        (b"#" * (MAX_BYTES + 1), "larger than"),
        (b"\xff\xfe", "not UTF-8"),
    ):
        file = tmp_path / "own.yaml"
        if content is not None:
            file.write_bytes(content)
        (problem,) = lint(file, DEFAULTS)
        assert message in problem.message
        assert problem.place.file == str(file)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
KEYS = ["static_resources", "listeners", "http_filters", "typed_config", "routes", "clusters"]


@given(st.dictionaries(st.sampled_from([*KEYS, "resources", "http_connection_manager"]), VALUES))
def test_any_document_ends_in_findings_and_never_in_an_exception(document: object) -> None:
    lint_text(json.dumps(document), "own.yaml", DEFAULTS)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["name", "typed_config", "disabled", "match", "route"]), VALUES
        )
    )
)
def test_odd_filters_and_routes_are_no_trouble(parts: object) -> None:
    text = bootstrap().replace("http_filters:", f"other: {json.dumps(parts)}\n          x:")
    lint_text(text, "own.yaml", DEFAULTS)
    odd = json.dumps({"http_connection_manager": {}, "http_filters": parts, "routes": parts})
    lint_text(odd, "own.yaml", DEFAULTS)


def test_each_module_of_dangers_holds_one_by_its_name() -> None:
    folder = Path(linting.__file__).parent / "dangers"
    modules = sorted(one.stem for one in folder.glob("*.py") if one.stem != "__init__")
    assert [danger.name.replace("-", "_") for danger in all_dangers()] == modules
