from pathlib import Path

import pytest

from gateway.config.substitution import MAX_FILE_BYTES, SubstitutionError, substitute

ENVIRONMENT = {"NAME": "value", "EMPTY": "", "TRICK": "${NAME} file:/etc/hostname"}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("${NAME}", "value"),
        ("a ${NAME} b ${NAME}", "a value b value"),
        ("${UNSET:-default}", "default"),
        ("${UNSET:-}", ""),
        ("${EMPTY}", ""),
        ("${EMPTY:-default}", "default"),
        ("$${NAME}", "${NAME}"),
        ("^a$ $1 $", "^a$ $1 $"),
        ("${TRICK}", "${NAME} file:/etc/hostname"),
        ("file:///srv/data/**", "file:///srv/data/**"),
    ],
)
def test_references_are_filled_in_once(text: str, filled: str, tmp_path: Path) -> None:
    assert substitute(text, ENVIRONMENT, tmp_path) == filled


def test_a_file_is_relative_to_the_folder_and_loses_its_last_line_break(tmp_path: Path) -> None:
    (tmp_path / "seal.key").write_text("secret ${NAME}\n")
    assert substitute("file:seal.key", {}, tmp_path) == "secret ${NAME}"
    assert substitute(f"file:{tmp_path}/seal.key", {}, Path("/")) == "secret ${NAME}"


def test_the_name_of_a_file_may_be_a_reference(tmp_path: Path) -> None:
    (tmp_path / "value").write_text("x")
    assert substitute("file:${NAME}", ENVIRONMENT, tmp_path) == "x"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("${UNSET}", "the environment variable UNSET is not set"),
        ("${UNSET", "without a name and a closing brace"),
        ("${}", "without a name and a closing brace"),
        ("file:absent", "cannot read file:absent: No such file"),
        ("file:${NAME}", r"cannot read file:\$\{NAME\}"),
        ("file:.", "cannot read file:.: Is a directory"),
        ("file:\0", "not a file name"),
    ],
)
def test_what_cannot_be_filled_in_is_an_error_that_quotes_only_the_file(
    text: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(SubstitutionError, match=says) as error:
        substitute(text, ENVIRONMENT, tmp_path)
    assert "value" not in str(error.value)
    assert error.value.fix


def test_a_file_that_is_no_text_or_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xfd")
    (tmp_path / "large").write_bytes(b"x" * (MAX_FILE_BYTES + 1))
    with pytest.raises(SubstitutionError, match="not UTF-8"):
        substitute("file:binary", {}, tmp_path)
    with pytest.raises(SubstitutionError, match="larger than"):
        substitute("file:large", {}, tmp_path)
