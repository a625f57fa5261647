from pathlib import Path

import pytest

from gateway.config.tool_lock import (
    LockedBackend,
    LockedTool,
    ToolLock,
    lock_text,
    read_tool_lock,
)

TOOLS = tuple(
    LockedTool(
        name=name,
        sha256="0" * 64,
        members={"name": "a" * 16, "description": "b" * 16},
        summary=("description: reads ${HOME} and", "  file:/etc/passwd: \u00fc # no comment"),
    )
    for name in ("write", "file:/etc/hosts", "read")
)
LOCK = ToolLock(
    kind="ToolLock",
    backends=(LockedBackend(backend="web", tools=()), LockedBackend(backend="git", tools=TOOLS)),
)


def test_what_is_written_is_read_again_sorted(tmp_path: Path) -> None:
    file = tmp_path / "tools.lock.yaml"
    file.write_text(lock_text(LOCK), encoding="utf-8")
    found, problems = read_tool_lock(file)
    assert problems == ()
    assert found is not None
    assert [one.backend for one in found.backends] == ["git", "web"]
    assert [tool.name for tool in found.backends[0].tools] == ["file:/etc/hosts", "read", "write"]
    assert list(found.backends[0].tools) == sorted(TOOLS, key=lambda tool: tool.name)
    assert lock_text(found) == lock_text(LOCK)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind: ToolLock\nbackends: [{backend: a, tools: [{name: x, sha256: 12}]}]\n", "sha256"),
        ("kind: ToolLock\nmore: 1\n", "more: unknown key"),
        ("kind: Other\n", "kind"),
        ("", "0 documents"),
        ("kind: ToolLock\n---\nkind: ToolLock\n", "2 documents"),
        ("kind: [\n", "(root)"),
        (
            "kind: ToolLock\nbackends: [{backend: a, tools: []}, {backend: a, tools: []}]\n",
            "a backend is listed twice",
        ),
    ],
)
def test_a_broken_file_is_told(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "tools.lock.yaml"
    file.write_text(text)
    found, problems = read_tool_lock(file)
    assert found is None
    assert told in str(problems[0])


def test_a_tool_that_is_listed_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "tools.lock.yaml"
    text = lock_text(LOCK).replace("name: write", "name: read")
    file.write_text(text, encoding="utf-8")
    found, problems = read_tool_lock(file)
    assert found is None
    assert "a tool is listed twice" in str(problems[0])


def test_a_file_that_is_gone_or_no_text_is_told(tmp_path: Path) -> None:
    file = tmp_path / "tools.lock.yaml"
    assert "cannot read the file" in str(read_tool_lock(file)[1][0])
    file.write_bytes(b"\xff\xff")
    assert "not UTF-8" in str(read_tool_lock(file)[1][0])
