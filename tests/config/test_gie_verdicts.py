from gateway.config.gie_verdicts import RULES, Level
from gateway.picker.plugins.registry import known_plugins


def test_every_plugin_of_ours_has_a_verdict_that_supports_it() -> None:
    ours = {name for types in known_plugins().values() for name in types}
    assert {n for n in ours if n not in RULES or RULES[n].level is Level.UNSUPPORTED} == set()


def test_every_plugin_that_is_said_to_stand_for_another_leads_to_one_of_ours() -> None:
    ours = {name for types in known_plugins().values() for name in types}
    assert {rule.ours for rule in RULES.values() if rule.ours} <= ours


def test_an_exact_plugin_loses_no_parameter_that_matters() -> None:
    exact = [rule for rule in RULES.values() if rule.level is Level.EXACT]
    assert {sentence for rule in exact for sentence in rule.dropped.values()} == {""}


def test_every_verdict_says_what_differs_in_a_sentence() -> None:
    assert {name for name, rule in RULES.items() if not rule.says.endswith(".")} == set()
