import pytest

from tests.picker.plugins.case import candidate, scores

LABEL = "llm-d.ai/context-length-range"


def test_a_tight_range_beats_a_wide_one_beats_none_beats_a_wrong_one() -> None:
    servers = [
        candidate("tight", prompt=1000, labels={LABEL: "0-2000"}),
        candidate("wide", prompt=1000, labels={LABEL: "0-30000"}),
        candidate("unlabelled", prompt=1000),
        candidate("too small", prompt=1000, labels={LABEL: "0-500"}),
        candidate("garbage", prompt=1000, labels={LABEL: "small"}),
    ]
    tight = 0.3 + 0.7 * (0.7 / 1.2 + 0.3 * 0.5)
    wide = 0.3 + 0.7 * (0.7 / 4 + 0.3 * 29_000 / 30_000)
    expected = [tight, wide, 0.5, 0.3 / 1.5, 0.0]
    assert scores("context-length-aware", servers) == pytest.approx(expected)


def test_another_label_can_be_named() -> None:
    servers = [candidate("a", prompt=5, labels={"range": "5-5"}), candidate("b", prompt=5)]
    assert scores("context-length-aware", servers, label="range") == [1.0, 0.5]
