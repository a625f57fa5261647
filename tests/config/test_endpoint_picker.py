from pathlib import Path

import jsonschema
import pytest

from gateway.config.document import Document, parse_documents, validate
from gateway.config.endpoint_picker import (
    EndpointPicker,
    EndpointPickerSpec,
    Flow,
    PluginProfile,
    check_references,
    flow_values,
)
from gateway.config.reference import json_schema, markdown_reference

HEAD = "apiVersion: gatehouse.dev/v1\nkind: EndpointPicker\nmetadata: {name: mine}\n"


def placed(text: str, file: str = "p.yaml") -> tuple[Document, EndpointPicker]:
    (document,) = parse_documents(text, file, {}, Path())
    assert isinstance(document, Document)
    picker = validate(document, EndpointPicker)
    assert isinstance(picker, EndpointPicker), picker
    return document, picker


def read(spec: str) -> EndpointPicker:
    return placed(HEAD + spec)[1]


def complaints(spec: str) -> list[str]:
    (document,) = parse_documents(HEAD + spec, "p.yaml", {}, Path())
    assert isinstance(document, Document)
    found = validate(document, EndpointPicker)
    assert isinstance(found, tuple)
    return [str(problem) for problem in found]


def test_a_document_without_a_spec_is_the_cost_profile() -> None:
    spec = read("").spec
    assert (spec.profile, spec.split, spec.shadow) == ("cost", None, None)
    assert spec.disaggregation.decider == "cost"
    assert not spec.flow.enabled


def test_plugins_have_their_parameters_beside_their_type() -> None:
    profile = read("""\
spec:
  profile:
    filters: [{type: utilization-filter, waiting_queue: 5}]
    scorers:
    - {type: queue-scorer, weight: 2}
    - {type: prefix-cache-scorer, match_length_weight: 0.5}
""").spec.profile
    assert isinstance(profile, PluginProfile)
    assert [(one.type, one.parameters) for one in profile.filters] == [
        ("utilization-filter", {"waiting_queue": 5})
    ]
    assert [(one.type, one.weight, one.parameters) for one in profile.scorers] == [
        ("queue-scorer", 2.0, {}),
        ("prefix-cache-scorer", 1.0, {"match_length_weight": 0.5}),
    ]
    assert profile.picker.type == "max-score-picker"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            "spec: {profile: cots}",
            '4:17: error: spec.profile: "cots" is not cost (did you mean "cost"?)',
        ),
        (
            "spec: {profile: {scorrs: []}}",
            '4:18: error: spec.profile.scorrs: unknown key "scorrs" (did you mean "scorers"?)',
        ),
        (
            "spec: {profile: {scorers: [{type: queue-scorer, weight: -2}]}}",
            (
                "4:57: error: spec.profile.scorers[0].weight: input should be greater than or "
                "equal to 0"
            ),
        ),
        (
            "spec: {profile: {}, split: {a: 1}}",
            "4:7: error: spec: give either a profile or a split",
        ),
        ("spec: {split: {a: 0, b: 0}}", "4:7: error: spec: a split needs a share above 0"),
        (
            "spec: {flow: {bands: [{priority: 1}, {priority: 1}]}}",
            "4:14: error: spec.flow: two bands have the same priority",
        ),
        (
            "spec: {flow: {ceiling: priority-holdback}}",
            "4:14: error: spec.flow: the ceiling priority-holdback needs min_ceiling",
        ),
        (
            "spec: {flow: {min_ceiling: 0.9, max_ceiling: 0.5}}",
            "4:14: error: spec.flow: min_ceiling is above max_ceiling",
        ),
        (
            "spec: {flow: {band: {fairness: round-robbin}}}",
            (
                '4:32: error: spec.flow.band.fairness: "round-robbin" is not global-strict, '
                'round-robin or least-attained-service (did you mean "round-robin"?)'
            ),
        ),
    ],
)
def test_what_is_wrong_is_told_once_and_where(spec: str, expected: str) -> None:
    assert complaints(spec) == [f"p.yaml:{expected}"]


@pytest.mark.parametrize(
    "spec",
    [
        "{}",
        "{split: {a: 50, b: 50}, shadow: c}",
        "{profile: {scorers: [{type: load-aware-scorer, threshold: 4}], prefill: {}}}",
        "{flow: {bands: [{priority: -1, max_bytes: null}]}, disaggregation: {decider: always}}",
    ],
)
def test_a_spec_that_is_written_out_reads_back_the_same(spec: str) -> None:
    """So a worker or another process can be handed it."""
    found = read(f"spec: {spec}").spec
    assert EndpointPickerSpec.model_validate_json(found.model_dump_json()) == found


def test_the_schema_accepts_what_the_document_may_hold() -> None:
    schema = json_schema(EndpointPicker)
    document = {
        "apiVersion": "gatehouse.dev/v1",
        "kind": "EndpointPicker",
        "metadata": {"name": "mine"},
        "spec": {"profile": {"scorers": [{"type": "load-aware-scorer", "threshold": 4}]}},
    }
    jsonschema.validate(document, schema)
    jsonschema.validate({**document, "spec": {"profile": "cost"}}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "spec": {"profile": "cots"}}, schema)


def test_the_reference_page_says_both_forms_of_a_profile() -> None:
    page = markdown_reference({"EndpointPicker": EndpointPicker})
    assert "| `profile` | `cost` or section | `cost` |" in page
    assert "### `spec.profile.scorers[]`" in page


def test_flow_control_has_plain_values_by_name() -> None:
    flow = read("""\
spec:
  flow:
    ttl: 30
    band: {fairness: round-robin}
    bands: [{priority: 100, max_requests: 7, max_bytes: null, ordering: edf}]
""").spec.flow
    values = flow_values(flow)
    assert set(values) == set(Flow.model_fields)
    assert (values["ttl"], values["max_waiting"], values["ceiling"]) == (30.0, 16, "static")
    assert values["band"] == {
        "max_requests": 5000,
        "max_bytes": 1_000_000_000,
        "fairness": "round-robin",
        "ordering": "fcfs",
    }
    assert values["bands"] == {
        100: {
            "max_requests": 7,
            "max_bytes": None,
            "fairness": "global-strict",
            "ordering": "edf",
        }
    }


def named(name: str, spec: str) -> tuple[str, tuple[Document, EndpointPicker]]:
    text = f"apiVersion: gatehouse.dev/v1\nkind: EndpointPicker\nmetadata: {{name: {name}}}\n{spec}"
    return name, placed(text, f"{name}.yaml")


def test_documents_may_name_others_and_the_built_in_one() -> None:
    found = dict(
        [
            named("ab", "spec: {split: {a: 50, default: 50}}"),
            named("a", ""),
            named("s", "spec: {shadow: a}"),
        ]
    )
    assert check_references(found) == ()


def test_names_that_lead_nowhere_or_on_are_errors() -> None:
    found = dict(
        [
            named("ab", "spec: {split: {alpha: 50, other: 50}, shadow: ab}"),
            named("alpha2", ""),
            named("other", "spec: {shadow: alpha2}"),
        ]
    )
    assert [str(problem) for problem in check_references(found)] == [
        (
            'ab.yaml:4:23: error: spec.split.alpha: there is no EndpointPicker "alpha" '
            '(did you mean "alpha2"?)'
        ),
        (
            'ab.yaml:4:34: error: spec.split.other: "other" has a split or shadow of its own, '
            "which would not count (name a document with a profile)"
        ),
        'ab.yaml:4:47: error: spec.shadow: "ab" is this document itself',
    ]
