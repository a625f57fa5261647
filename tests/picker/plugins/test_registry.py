import pytest

from gateway.picker.plugins.base import Filter, Picker, Scorer
from gateway.picker.plugins.registry import (
    ParameterError,
    ParameterFault,
    filter_types,
    known_plugins,
    picker_types,
    scorer_types,
)
from tests.picker.plugins.case import filter_, picker, scorer


def test_every_file_is_a_plugin_called_after_it() -> None:
    assert {"queue-scorer", "prefix-cache-scorer", "no-hit-lru-scorer"} <= set(scorer_types())
    assert {"prefill-filter", "prefix-cache-affinity-filter"} <= set(filter_types())
    assert set(picker_types()) == {"max-score-picker", "random-picker", "weighted-random-picker"}


def test_every_plugin_can_be_made_without_parameters() -> None:
    assert all(isinstance(scorer(name), Scorer) for name in scorer_types())
    assert all(isinstance(filter_(name), Filter) for name in filter_types())
    assert all(isinstance(picker(name), Picker) for name in picker_types())


def test_every_value_that_does_not_fit_is_told_with_its_path() -> None:
    with pytest.raises(ParameterError) as caught:
        filter_types()["utilization-filter"].read({"waiting_queue": "5", "kv_cache": 1})
    assert [(fault.path, fault.unknown) for fault in caught.value.faults] == [
        (("waiting_queue",), False),
        (("kv_cache",), True),
    ]
    with pytest.raises(ParameterError) as caught:
        filter_types()["label-selector-filter"].read(
            {"match_expressions": [{"key": "a", "operator": "In"}]}
        )
    message = "In and NotIn need values, Exists and DoesNotExist take none"
    assert caught.value.faults == (ParameterFault(("match_expressions", 0), message),)


def test_an_error_does_not_repeat_values() -> None:
    with pytest.raises(ParameterError) as caught:
        scorer("load-aware-scorer", threshold="s3cret")
    assert "s3cret" not in str(caught.value)


def test_parameter_names_are_listed_by_kind_and_type() -> None:
    known = known_plugins()
    assert known["scorers"]["active-request-scorer"] == {"idle_threshold", "max_busy_score"}
    assert known["scorers"]["queue-scorer"] == frozenset()
    assert known["filters"]["session-affinity-filter"] == {"ttl", "capacity"}
    assert known["picker"]["max-score-picker"] == {"max_num_of_endpoints"}
