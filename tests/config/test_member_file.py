from pathlib import Path

import pytest

from gateway.config.member_file import read_members
from gateway.config.pool import Member


def written(folder: Path, text: str) -> Path:
    file = folder / "members.yaml"
    file.write_text(text)
    return file


def test_a_list_of_members_is_read(tmp_path: Path) -> None:
    text = "- address: 10.0.0.1:8000\n- {address: '[::1]:8000', role: prefill, zone: a}\n"
    members, problems = read_members(written(tmp_path, text))
    assert problems == ()
    assert members == (
        Member(address="10.0.0.1:8000"),
        Member(address="[::1]:8000", role="prefill", zone="a"),
    )


def test_a_list_may_be_empty(tmp_path: Path) -> None:
    assert read_members(written(tmp_path, "[]\n")) == ((), ())


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "1:1: (root): the file is empty"),
        ("- address: h:1\n---\n- address: h:2\n", "1:1: (root): the file has 2 documents"),
        ("- address: h:1\n  rank: 2\n", "2:3: [0].rank: unknown key"),
        ("- address: h:1\n- address: 7\n", "2:12: [1].address: "),
        ("- address: h:1\n- address: h\n", '2:12: [1].address: "h" is not host:port'),
        ("- address: h:1\n- address: h:1\n", '2:12: [1].address: "h:1" is listed twice'),
        ("- role: both\n", "1:3: [0].address: the key"),
        ("- address: [\n", "2:1: (root): "),
        ("address: h:1\n", "1:1: (root): "),
    ],
)
def test_a_broken_file_is_told_with_its_line_and_gives_nothing(
    text: str, complaint: str, tmp_path: Path
) -> None:
    members, problems = read_members(written(tmp_path, text))
    assert members == ()
    assert f"members.yaml:{complaint}" in str(problems[0]).replace(" error:", "")


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    members, (problem,) = read_members(tmp_path / "absent.yaml")
    assert members == ()
    assert "cannot read the file" in problem.message
