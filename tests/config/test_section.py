"""What every part of gateway.yaml has in common."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.config.section import LocalPath, Name, Section


class Part(Section):
    """A part of a file."""

    name: Name = "a"
    file: LocalPath = "-"


def part(text: str, folder: Path = Path("/etc/gatehouse")) -> Part:
    return Part.model_validate_json(text, context={"folder": folder})


def test_a_path_starts_at_the_folder_of_the_file_that_names_it() -> None:
    assert part('{"file": "keys/seal"}').file == "/etc/gatehouse/keys/seal"
    assert part('{"file": "/keys/seal"}').file == "/keys/seal"
    assert part("{}").file == "-"


def test_a_path_is_what_a_file_system_can_have() -> None:
    for text in ('{"file": ""}', '{"file": "a\\u0000b"}'):
        with pytest.raises(ValidationError, match="file"):
            part(text)


def test_a_part_cannot_be_changed_and_has_no_other_keys() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(part("{}"), "name", "b")  # noqa: B010  an assignment that no checker would allow
    with pytest.raises(ValidationError, match="extra_forbidden"):
        part('{"nme": "a"}')
