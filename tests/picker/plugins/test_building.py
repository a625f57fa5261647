from random import Random
from typing import Any

import pytest

from gateway.config.endpoint_picker import Disaggregation
from gateway.config.endpoint_picker import PluginProfile as ProfileSection
from gateway.picker.plugins.building import build_profile
from gateway.picker.plugins.profile import PluginProfile
from gateway.picker.plugins.registry import ParameterError
from tests.picker.plugins.case import DEMAND, candidate, load


def built(section: dict[str, Any], seed: int = 0, **disaggregation: Any) -> PluginProfile:
    return build_profile(
        "mine",
        ProfileSection.model_validate(section),
        Disaggregation.model_validate(disaggregation),
        Random(seed),
    )


def test_a_section_becomes_a_profile_with_its_weights_and_parameters() -> None:
    profile = built(
        {
            "filters": ({"type": "utilization-filter", "waiting_queue": 5},),
            "scorers": (
                {"type": "queue-scorer", "weight": 2.0},
                {"type": "load-aware-scorer", "threshold": 4},
            ),
        }
    )
    servers = [candidate(f"e{n}", load=load(waiting=n)) for n in (0, 2, 9)]
    order = profile.rank(DEMAND, servers, 0.0).order
    assert profile.name == "mine"
    assert [(r.candidate.address, dict(r.parts)) for r in order] == [
        ("e0", {"queue-scorer": 2.0, "load-aware-scorer": 0.5, "score": 2.5}),
        ("e2", {"queue-scorer": 0.0, "load-aware-scorer": 0.25, "score": 0.25}),
    ]


def test_a_type_that_is_used_twice_is_told_apart() -> None:
    scorer = {"type": "load-aware-scorer"}
    profile = built({"scorers": (scorer, {**scorer, "threshold": 4}, scorer)})
    parts = profile.rank(DEMAND, [candidate("a", load=load(waiting=2))], 0.0).order[0].parts
    names = ["load-aware-scorer", "load-aware-scorer#2", "load-aware-scorer#3", "score"]
    assert list(parts) == names


@pytest.mark.parametrize(
    ("disaggregation", "prefiller"),
    [
        ({"decider": "always"}, "p"),
        ({"decider": "prefix", "non_cached_tokens": 500}, "p"),
        ({"decider": "prefix", "non_cached_tokens": 500, "prompt_tokens": 5000}, None),
        ({"decider": "never"}, None),
        ({"decider": "cost"}, None),
    ],
)
def test_a_prefill_section_is_asked_as_the_decider_says(
    disaggregation: dict[str, Any], prefiller: str | None
) -> None:
    roles = {
        "filters": ({"type": "decode-filter"},),
        "prefill": {"filters": ({"type": "prefill-filter"},)},
    }
    profile = built(roles, **disaggregation)
    servers = [candidate("d", role="decode"), candidate("p", role="prefill")]
    assert profile.rank(DEMAND, servers, 0.0).prefiller == prefiller


def test_the_same_seed_makes_the_same_choices() -> None:
    dice = {"picker": {"type": "random-picker"}}
    servers = [candidate(name) for name in "abcdefgh"]

    def picks(seed: int) -> list[str]:
        profile = built(dice, seed)
        return [profile.rank(DEMAND, servers, 0.0).order[0].candidate.address for _ in range(20)]

    assert picks(1) == picks(1)
    assert picks(1) != picks(2)


def test_what_there_is_not_is_an_error() -> None:
    with pytest.raises(KeyError):
        built({"scorers": ({"type": "psychic-scorer"},)})
    with pytest.raises(ParameterError):
        built({"scorers": ({"type": "queue-scorer", "depth": 5},)})
