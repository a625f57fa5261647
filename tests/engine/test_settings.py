import argparse

import pytest

from tests.engine.settings import Settings, add_options, changed, from_options


def parsed(*line: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return from_options(parser.parse_args(line))


def test_a_command_line_without_options_has_the_defaults() -> None:
    assert parsed() == Settings()


def test_every_setting_is_an_option() -> None:
    settings = parsed("--max-num-seqs", "7", "--no-prefix-caching", "--speed", "2.5")
    assert (settings.max_num_seqs, settings.prefix_caching, settings.speed) == (7, False, 2.5)


def test_latencies_and_faults_change_at_run_time_by_either_spelling() -> None:
    settings = changed(Settings(), {"inter-token-latency": 1, "fault_rate": 0.5})
    assert (settings.inter_token_latency, settings.fault_rate) == (1.0, 0.5)


@pytest.mark.parametrize(
    ("update", "says"),
    [
        ({"max_num_seqs": 4}, "cannot be changed"),
        ({"no_such_setting": 4}, "cannot be changed"),
        ({"speed": 0}, "more than 0"),
        ({"output_tokens": -1}, "not negative"),
        ({"output_tokens": True}, "is int"),
        ({"fault": "fire"}, "is one of none, unavailable"),
    ],
)
def test_what_is_not_understood_changes_nothing(update: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        changed(Settings(), update)


def test_an_engine_that_is_twice_as_fast_needs_half_the_seconds() -> None:
    assert Settings(speed=2.0).seconds(100.0) == 0.05
