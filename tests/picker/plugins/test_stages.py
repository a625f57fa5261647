import pytest

from gateway.picker.endpoint import Endpoint
from gateway.picker.plugins.stages import ROLE_LABEL, stages_of


@pytest.mark.parametrize(
    ("label", "stages"),
    [
        ("encode", {"encode"}),
        ("prefill", {"prefill"}),
        ("decode", {"decode"}),
        ("both", {"prefill", "decode"}),
        ("prefill-decode", {"prefill", "decode"}),
        ("encode-prefill", {"encode", "prefill"}),
        ("encode-prefill-decode", {"encode", "prefill", "decode"}),
        ("something else", set[str]()),
    ],
)
def test_a_label_says_the_stages_whatever_the_role(label: str, stages: set[str]) -> None:
    assert stages_of(Endpoint("a", role="prefill", labels={ROLE_LABEL: label})) == stages


def test_without_a_label_the_role_says_them() -> None:
    assert stages_of(Endpoint("a")) == {"prefill", "decode"}
    assert stages_of(Endpoint("a", role="encode")) == {"encode"}
