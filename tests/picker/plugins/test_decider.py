import pytest

from gateway.picker.plugins.decider import PrefillDecider
from tests.picker.plugins.case import candidate


@pytest.mark.parametrize(
    ("decider", "cached", "prompt", "splits"),
    [
        (PrefillDecider(), 0, 100_000, False),
        (PrefillDecider(non_cached_tokens=512), 0, 511, False),
        (PrefillDecider(non_cached_tokens=512), 0, 512, True),
        (PrefillDecider(non_cached_tokens=512), 489, 1000, False),
        (PrefillDecider(non_cached_tokens=512), 488, 1000, True),
        (PrefillDecider(non_cached_tokens=512, prompt_tokens=2000), 0, 1999, False),
        (PrefillDecider(non_cached_tokens=512, prompt_tokens=2000), 0, 2000, True),
        (PrefillDecider(always=True), 1000, 1000, True),
    ],
)
def test_long_uncached_prompts_are_split(
    decider: PrefillDecider, cached: int, prompt: int, *, splits: bool
) -> None:
    assert decider.splits(candidate("a", cached=cached, prompt=prompt)) is splits
