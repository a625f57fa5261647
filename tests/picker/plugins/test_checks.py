from pathlib import Path

from gateway.config.document import Document, parse_documents, validate
from gateway.config.endpoint_picker import EndpointPicker
from gateway.picker.plugins.checks import check_plugins

HEAD = "apiVersion: gatehouse.dev/v1\nkind: EndpointPicker\nmetadata: {name: mine}\nspec:\n"


def found(spec: str) -> list[str]:
    (document,) = parse_documents(HEAD + spec, "p.yaml", {}, Path())
    assert isinstance(document, Document)
    picker = validate(document, EndpointPicker)
    assert isinstance(picker, EndpointPicker)
    return [str(problem) for problem in check_plugins(document, picker)]


def test_right_plugins_and_the_cost_profile_have_no_problems() -> None:
    assert found("  profile: cost") == []
    assert found("  profile: {scorers: [{type: prefix-cache-scorer, weight: 3}]}") == []


def test_an_unknown_plugin_is_told_with_its_place_and_the_nearest_one() -> None:
    spec = """\
  profile:
    filters:
    - type: prefill-fliter
    scorers:
    - {type: queue-scorer}
    - {type: decode-filter}
    picker: {type: best-picker}
"""
    assert found(spec) == [
        (
            'p.yaml:7:13: error: spec.profile.filters[0].type: there is no filter "prefill-fliter"'
            ' (did you mean "prefill-filter"?)'
        ),
        (
            'p.yaml:10:14: error: spec.profile.scorers[1].type: there is no scorer "decode-filter"'
            " (it goes under filters)"
        ),
        (
            'p.yaml:11:20: error: spec.profile.picker.type: there is no picker "best-picker"'
            ' (did you mean "max-score-picker"?)'
        ),
    ]


def test_a_wrong_parameter_is_told_at_its_own_place() -> None:
    spec = """\
  profile:
    filters:
    - type: label-selector-filter
      match_expressions: [{key: gpu, operator: in, values: [h100]}]
    scorers:
    - {type: load-aware-scorer, treshold: 4}
    - {type: active-request-scorer, max_busy_score: 2}
    prefill:
      scorers: [{type: queue-scorer, deep: 1}]
  disaggregation: {decider: always}
"""
    assert found(spec) == [
        (
            "p.yaml:8:48: error: spec.profile.filters[0].match_expressions[0].operator: input "
            "should be 'In', 'NotIn', 'Exists' or 'DoesNotExist'"
        ),
        (
            'p.yaml:10:33: error: spec.profile.scorers[0].treshold: "load-aware-scorer" has no '
            'parameter "treshold" (did you mean "threshold"?)'
        ),
        (
            "p.yaml:11:53: error: spec.profile.scorers[1].max_busy_score: input should be less "
            "than or equal to 1"
        ),
        (
            'p.yaml:13:38: error: spec.profile.prefill.scorers[0].deep: "queue-scorer" has no '
            'parameter "deep" (remove it)'
        ),
    ]


def test_a_disaggregation_that_cannot_happen_is_a_warning() -> None:
    assert found("  profile: {}\n  disaggregation: {decider: always}") == [
        (
            "p.yaml:6:19: warning: spec.disaggregation: nothing says which endpoint prefills, so "
            "that none does (give spec.profile.prefill)"
        )
    ]
    assert found("  profile: {prefill: {}}\n  disaggregation: {decider: prefix}") == [
        (
            "p.yaml:6:19: warning: spec.disaggregation: spec.profile.prefill is never asked "
            "(decider: always, or prefix with non_cached_tokens)"
        )
    ]
