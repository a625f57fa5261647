"""Reviewed tools from lock files to what workers judge by."""

from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap.load import ConfigurationError
from gateway.config.tool_lock import FILE_NAME, LockedBackend, LockedTool, ToolLock, lock_text
from gateway.guardrails.tools.book import ToolFault
from gateway.guardrails.tools.pins import pinned
from gateway.model.jsonvalue import JsonObject
from tests.bootstrap.configured import loaded, snapshot, write

SEARCH: JsonObject = {"name": "search", "description": "file:/etc/passwd", "inputSchema": {}}


def lock(folder: Path, name: str = FILE_NAME, **backends: list[JsonObject]) -> Path:
    """A lock file among the policies of a configuration."""
    (folder / "policies").mkdir(exist_ok=True)
    locked = tuple(
        LockedBackend(backend=backend, tools=tuple(map(locked_tool, tools)))
        for backend, tools in backends.items()
    )
    file = folder / "policies" / name
    file.write_text(lock_text(ToolLock(kind="ToolLock", backends=locked)))
    return file


def locked_tool(definition: JsonObject) -> LockedTool:
    pin = pinned(definition)
    return LockedTool(
        name=str(definition["name"]),
        sha256=pin.sha256,
        members=dict(pin.members),
        summary=pin.summary,
    )


def broken(folder: Path, **changes: Any) -> str:
    with pytest.raises(ConfigurationError) as found:
        loaded(folder, **changes)
    return str(found.value)


def test_a_worker_judges_by_the_pins_of_the_folder(tmp_path: Path) -> None:
    lock(tmp_path, tracker=[SEARCH])
    found = loaded(tmp_path)
    assert found.tool_pins == {"tracker": {"search": pinned(SEARCH)}}
    book = snapshot(found).tools
    assert book.listed("tracker", SEARCH) is None
    assert book.listed("tracker", {**SEARCH, "x": 1}) is ToolFault.CHANGED
    assert book.called("other", "search", None) is ToolFault.SHADOWED


def test_without_a_lock_nothing_is_pinned(tmp_path: Path) -> None:
    assert loaded(tmp_path).tool_pins == {}


def test_a_backend_may_be_pinned_to_no_tool_at_all(tmp_path: Path) -> None:
    lock(tmp_path, tracker=[])
    assert snapshot(loaded(tmp_path)).tools.called("tracker", "x", None) is ToolFault.UNPINNED


def test_another_pin_is_another_configuration(tmp_path: Path) -> None:
    digests = {loaded(tmp_path).digest}
    for tools in ([], [SEARCH], [{**SEARCH, "x": 1}]):
        lock(tmp_path, tracker=tools)
        digests.add(loaded(tmp_path).digest)
    assert len(digests) == 4


def test_the_section_of_gateway_yaml_decides_what_is_refused(tmp_path: Path) -> None:
    lock(tmp_path, tracker=[SEARCH])
    tools = {"unobserved": "refuse", "shadowed": "allow"}
    book = snapshot(loaded(tmp_path, tools=tools)).tools
    assert book.called("tracker", "search", None) is ToolFault.UNOBSERVED
    assert book.called("other", "search", None) is None


def test_a_backend_has_its_tools_in_one_file(tmp_path: Path) -> None:
    lock(tmp_path, tracker=[SEARCH])
    lock(tmp_path, "more.lock.yaml", tracker=[])
    assert "the tools of tracker are pinned in" in broken(tmp_path)


def test_a_broken_lock_is_an_error(tmp_path: Path) -> None:
    lock(tmp_path, tracker=[SEARCH]).write_text("kind: ToolLock\nbackends: 7\n")
    assert f"{FILE_NAME}:2:" in broken(tmp_path)


def test_a_lock_in_a_file_of_another_name_is_told_where_it_belongs(tmp_path: Path) -> None:
    lock(tmp_path, "locked.yaml", tracker=[SEARCH])
    said = broken(tmp_path)
    assert "file of its own" in said
    assert "name the file tools.lock.yaml" in said


def test_what_a_tool_says_of_itself_has_no_other_file_read_or_watched(tmp_path: Path) -> None:
    lock(tmp_path, tracker=[SEARCH])
    assert Path("/etc/passwd") not in loaded(tmp_path).watched


def test_hidden_lock_files_are_left_out(tmp_path: Path) -> None:
    lock(tmp_path, ".tools.lock.yaml", tracker=[SEARCH])
    assert loaded(tmp_path).tool_pins == {}


def test_pins_of_a_backend_that_is_not_there_are_told(tmp_path: Path) -> None:
    lock(tmp_path, tracker=[], gone=[SEARCH])
    (warning,) = loaded(tmp_path).warnings
    assert "no MCP route leads to the backend gone" in warning.message


def test_a_way_around_pins_is_told(tmp_path: Path) -> None:
    lock(tmp_path, tracker=[])
    routes = [
        {"name": name, "path": f"/{name}", "protocol": name, "backend": "tracker"}
        for name in ("mcp", "unjudged")
    ]
    (warning,) = loaded(tmp_path, routes=routes).warnings
    assert "the route unjudged leads unjudged to tracker" in warning.message


def test_reviewed_tools_that_may_be_mistaken_for_each_other_are_told_once(tmp_path: Path) -> None:
    write(tmp_path)
    lock(tmp_path, tracker=[SEARCH], other=[{**SEARCH, "name": "Search"}])
    messages = [one.message for one in loaded(tmp_path).warnings]
    assert [one for one in messages if "mistaken" in one] == [
        "Search of other may be mistaken for search of tracker"
    ]
