"""Keys that a lenient parser takes for a protocol key are found."""

import pytest

from gateway.wire.keyfold import ProtocolKeys, has_twins

KEYS = ProtocolKeys(("name", "params", "kind", "taskId"))


@pytest.mark.parametrize(
    ("key", "mimicked"),
    [
        ("Name", "name"),
        ("NAME", "name"),
        ("name\0", "name"),
        ("\0name", "name"),
        ("param\u017f", "params"),
        ("\u212aind", "kind"),
        ("\uff4e\uff41\uff4d\uff45", "name"),
        ("taskid", "taskId"),
        ("na\0Me", "name"),
    ],
)
def test_a_key_that_folds_to_a_protocol_key_is_found(key: str, mimicked: str) -> None:
    assert KEYS.mimicked(["other", key]) == mimicked


@pytest.mark.parametrize("key", ["name", "taskId", "task_id", "names", "", "n\u00e4me"])
def test_other_keys_and_the_keys_themselves_are_not(key: str) -> None:
    assert KEYS.mimicked([key]) is None


def test_no_padding_hides_a_protocol_key_and_no_length_takes_long() -> None:
    assert KEYS.mimicked(["\0" * 1_000_000 + "NAME"]) == "name"
    marks = "\u0315\u0300" * 500_000  # a minute and more to normalise
    assert KEYS.mimicked([marks, "name" + marks, "n\0ame"]) == "name"
    assert has_twins([marks + "s", marks + "\u017f"])


def test_twins_are_keys_that_differ_only_in_case() -> None:
    assert has_twins(["owner", "repo", "Owner"])
    assert has_twins(["s", "\u017f"])
    assert not has_twins(["owner", "owners"])
