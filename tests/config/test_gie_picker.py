from typing import Any

import pytest

from gateway.config.endpoint_picker import PluginProfile
from gateway.config.gie_picker import PickerReading
from gateway.config.gie_verdicts import Level
from tests.config.gie_case import read_config

PLUGINS = """\
plugins:
- type: queue-scorer
- {name: prefix, type: prefix-cache-scorer}
- type: decode-filter
- type: prefill-filter
- type: random-picker
"""


def profile(found: PickerReading) -> PluginProfile:
    assert found.spec is not None, found.problems
    assert isinstance(found.spec.profile, PluginProfile)
    return found.spec.profile


def scorers(found: PickerReading) -> list[tuple[str, float]]:
    return [(one.type, one.weight) for one in profile(found).scorers]


def said(found: PickerReading) -> list[str]:
    return [str(problem) for problem in found.problems]


def test_plugins_of_a_profile_are_taken_for_what_they_are() -> None:
    found = read_config(f"""{PLUGINS}\
schedulingProfiles:
- name: default
  plugins:
  - {{pluginRef: random-picker}}
  - {{pluginRef: prefix, weight: 3}}
  - {{pluginRef: decode-filter}}
  - {{pluginRef: queue-scorer}}
""")
    assert scorers(found) == [("prefix-cache-scorer", 3.0), ("queue-scorer", 1.0)]
    assert [one.type for one in profile(found).filters] == ["decode-filter"]
    assert profile(found).picker.type == "random-picker"
    assert found.problems == ()


def test_an_empty_configuration_is_the_default_profile() -> None:
    found = read_config("")
    assert scorers(found) == [
        ("queue-scorer", 2.0),
        ("kv-cache-utilization-scorer", 2.0),
        ("prefix-cache-scorer", 3.0),
    ]
    assert profile(found).picker.type == "max-score-picker"


def test_without_profiles_every_plugin_is_in_the_only_one() -> None:
    found = read_config("plugins: [{type: queue-scorer}, {type: decode-filter}]\n")
    assert scorers(found) == [("queue-scorer", 1.0)]
    assert [one.type for one in profile(found).filters] == ["decode-filter"]


def test_every_plugin_has_a_verdict_even_if_no_profile_uses_it() -> None:
    found = read_config("plugins: [{type: queue-scorer}, {type: zz}, {type: token-producer}]\n")
    assert [(v.plugin, v.level) for v in found.verdicts] == [
        ("queue-scorer", Level.EXACT),
        ("zz", Level.UNSUPPORTED),
        ("token-producer", Level.APPROXIMATE),
    ]


def test_an_unsupported_plugin_is_left_out_with_a_warning() -> None:
    found = read_config("""\
plugins: [{type: queue-scorer}, {type: slo-headroom-tier-filter}]
schedulingProfiles:
- name: default
  plugins: [{pluginRef: slo-headroom-tier-filter}, {pluginRef: queue-scorer}]
""")
    assert scorers(found) == [("queue-scorer", 1.0)]
    assert [one.split(" is left out")[0] for one in said(found)] == [
        'epp.yaml:3:33: warning: plugins[1]: "slo-headroom-tier-filter"'
    ]


def test_an_unsupported_plugin_is_told_once_whether_profiles_use_it_or_not() -> None:
    plugins = "plugins: [{type: queue-scorer}, {type: zz}, {type: latency-scorer}]\n"
    profiles = (
        "schedulingProfiles: [{name: default, plugins: [{pluginRef: zz}, {pluginRef: zz}, "
        "{pluginRef: queue-scorer}]}]\n"
    )
    for body in (plugins, plugins + profiles):
        assert [one.split(": ")[2] for one in said(read_config(body))] == [
            "plugins[1]",
            "plugins[2]",
        ]


def test_a_configuration_is_called_like_its_file() -> None:
    assert read_config("").name == "epp"
    assert read_config("metadata: {name: mine}\n").name == "mine"


def test_a_profile_that_loses_all_its_scorers_is_an_error() -> None:
    found = read_config("""\
plugins: [{type: latency-scorer}]
schedulingProfiles: [{name: default, plugins: [{pluginRef: latency-scorer}]}]
""")
    assert found.spec is None
    assert said(found)[-1] == (
        "epp.yaml:4:47: error: schedulingProfiles[0].plugins: no scorer is left to choose by "
        "(write an EndpointPicker instead)"
    )


HANDLER = """\
- {type: disagg-profile-handler, parameters: {deciders: {prefill: pd}}}
- {name: pd, type: prefix-based-pd-decider, parameters: {nonCachedTokens: 16, promptTokens: 64}}
"""
ROLES = """\
schedulingProfiles:
- {name: prefill, plugins: [{pluginRef: prefill-filter}, {pluginRef: prefix, weight: 2}]}
- {name: decode, plugins: [{pluginRef: decode-filter}, {pluginRef: queue-scorer}]}
"""


def test_a_disaggregated_configuration_picks_by_decode_and_prefills_by_prefill() -> None:
    found = read_config(PLUGINS + HANDLER + ROLES)
    main = profile(found)
    assert [one.type for one in main.filters] == ["decode-filter"]
    assert main.prefill is not None
    assert [(one.type, one.weight) for one in main.prefill.scorers] == [("prefix-cache-scorer", 2)]
    assert found.spec is not None
    assert found.spec.disaggregation.model_dump() == {
        "decider": "prefix",
        "non_cached_tokens": 16,
        "prompt_tokens": 64,
    }


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        ("- {type: pd-profile-handler, parameters: {threshold: 0}}\n", ("always", 0)),
        ("- {type: pd-profile-handler, parameters: {threshold: 10}}\n", ("prefix", 10)),
        ("- {type: pd-profile-handler}\n", ("never", 0)),
        (
            "- {type: disagg-profile-handler}\n- {type: always-disagg-pd-decider}\n",
            ("always", 0),
        ),
        (
            (
                "- {type: disagg-profile-handler, parameters: {deciderPluginName: x}}\n"
                "- {name: x, type: prefix-based-pd-decider, parameters: {nonCachedTokens: 7}}\n"
                "- {type: always-disagg-pd-decider}\n"
            ),
            ("prefix", 7),
        ),
    ],
)
def test_the_decider_that_the_handler_names_counts(handler: str, expected: Any) -> None:
    spec = read_config(PLUGINS + handler + ROLES).spec
    assert spec is not None
    assert (spec.disaggregation.decider, spec.disaggregation.non_cached_tokens) == expected


def test_without_a_handler_nothing_is_split_and_further_profiles_are_left_out() -> None:
    found = read_config(PLUGINS + ROLES.replace("prefill, plugins", "first, plugins"))
    assert [one.type for one in profile(found).filters] == ["prefill-filter"]
    assert found.spec is not None
    assert found.spec.disaggregation.decider == "never"
    assert said(found) == [
        (
            'epp.yaml:11:3: warning: schedulingProfiles[1]: the profile "decode" is left out: '
            "nothing here chooses it"
        )
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "plugins: [{type: queue-scorer}, {type: queue-scorer}]\n",
            'plugins[1]: two plugins are called "queue-scorer"',
        ),
        (
            (
                "plugins: [{type: queue-scorer}]\n"
                "schedulingProfiles: [{name: x, plugins: [{pluginRef: q}]}]\n"
            ),
            'schedulingProfiles[0].plugins[0].pluginRef: there is no plugin "q"',
        ),
        (
            f"{PLUGINS}schedulingProfiles: [{{name: x}}, {{name: x}}]\n",
            "schedulingProfiles: two profiles have the same name",
        ),
        (
            f"{PLUGINS}{HANDLER}schedulingProfiles: [{{name: prefill}}]\n",
            'schedulingProfiles: there is no profile "decode"',
        ),
        (
            f"{PLUGINS}{HANDLER.replace('16', 'many')}{ROLES}",
            "plugins: a bound of the prefill decider is not a whole number",
        ),
    ],
)
def test_what_llm_d_would_refuse_is_refused(body: str, expected: str) -> None:
    found = read_config(body)
    assert found.spec is None
    assert [f"{one.path}: {one.message}" for one in found.problems] == [expected]
