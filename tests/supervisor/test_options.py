import pytest

from gateway.supervisor.options import Child


def test_a_child_is_a_name_and_a_command_with_shell_quoting() -> None:
    child = Child.parse("tracker=python -m demo.tracker --name 'replica a'")
    assert child == Child("tracker", ("python", "-m", "demo.tracker", "--name", "replica a"))


@pytest.mark.parametrize("text", ["", "tracker", "tracker=", "=sleep 1", "tracker='open"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"want NAME=COMMAND|closing quotation"):
        Child.parse(text)
