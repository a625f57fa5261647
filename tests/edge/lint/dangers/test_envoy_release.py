from dataclasses import replace

from gateway.edge.binary import OLDEST
from gateway.edge.lint.expected import Expected
from tests.edge.lint.case import bootstrap, found

DANGER = "envoy-release"
FILE = bootstrap().replace("static_resources:", "static_resources:  # !")


def test_an_envoy_that_is_too_old_is_named() -> None:
    major, minor, patch = OLDEST
    check_with(Expected(release=(major, minor - 1, 99)))
    check_with(Expected(release=(major, minor, patch - 1)))
    assert found(DANGER, FILE, Expected(release=OLDEST)) == []
    assert found(DANGER, FILE, Expected(release=(major + 1, 0, 0))) == []


def test_so_is_one_that_cannot_be_asked() -> None:
    check_with(Expected(complaint="/bin/true is not Envoy"))


def check_with(expected: Expected) -> None:
    (finding,) = found(DANGER, FILE, expected)
    assert finding.place.line == 1
    assert found(DANGER, FILE, replace(expected, release=None, complaint="")) == []


def test_without_a_word_on_it_nothing_is_said() -> None:
    assert found(DANGER, FILE) == []
