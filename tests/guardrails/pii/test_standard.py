"""Check digits by python-stdnum."""

import pytest

from gateway.guardrails.pii.standard import checked


def test_the_check_of_a_module_is_taken_by_its_name() -> None:
    assert checked("pl.pesel")("44051401359")
    assert not checked("pl.pesel")("44051401358")


def test_a_module_that_does_not_exist_is_an_error_at_once() -> None:
    with pytest.raises(ModuleNotFoundError):
        checked("xx.nothing")
