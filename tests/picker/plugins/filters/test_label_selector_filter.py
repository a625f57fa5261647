import pytest

from gateway.model.jsonvalue import JsonValue
from tests.picker.plugins.case import candidate, kept

SERVERS = [
    candidate("h100", labels={"gpu": "h100", "tier": "gold"}),
    candidate("a100", labels={"gpu": "a100"}),
    candidate("bare"),
]


def test_all_labels_must_match() -> None:
    assert kept("label-selector-filter", SERVERS, match_labels={"gpu": "h100"}) == ["h100"]
    wanted: dict[str, JsonValue] = {"gpu": "a100", "tier": "gold"}
    assert kept("label-selector-filter", SERVERS, match_labels=wanted) == []


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("In", ["h100", "h200"], ["h100"]),
        ("NotIn", ["h100"], ["a100", "bare"]),
        ("Exists", [], ["h100", "a100"]),
        ("DoesNotExist", [], ["bare"]),
    ],
)
def test_expressions_mean_what_kubernetes_says(
    operator: str, values: list[JsonValue], expected: list[str]
) -> None:
    expression: dict[str, JsonValue] = {"key": "gpu", "operator": operator, "values": values}
    assert kept("label-selector-filter", SERVERS, match_expressions=[expression]) == expected


def test_labels_and_expressions_are_anded() -> None:
    found = kept(
        "label-selector-filter",
        SERVERS,
        match_labels={"tier": "gold"},
        match_expressions=[{"key": "gpu", "operator": "In", "values": ["a100"]}],
    )
    assert found == []
