"""Messages about tools are read as they were written."""

import json

import pytest

from gateway.model.jsonvalue import JsonObject
from gateway.pipeline.tool_messages import TOOLS, read_tools, tools_message
from gateway.pipeline.tools_seen import SeenTool

SEARCH = SeenTool("search", "0" * 64, {"name": "search", "n": 2**60, "x": 1.5})
NAMELESS = SeenTool("", "1" * 64, {"name": 7})


@pytest.mark.parametrize("tools", [None, (), (SEARCH, NAMELESS)])
def test_what_is_told_is_read(tools: tuple[SeenTool, ...] | None) -> None:
    message: JsonObject = json.loads(json.dumps(tools_message("tracker", tools)))
    assert message["type"] == TOOLS
    assert read_tools(message) == ("tracker", tools)


WRONG: tuple[JsonObject, ...] = (
    {},
    {"server": "tracker"},
    {"server": 1, "tools": []},
    {"server": "tracker", "tools": {}},
    {"server": "tracker", "tools": [{}]},
    {"server": "tracker", "tools": [{"sha256": 1, "definition": {}}]},
    {"server": "tracker", "tools": [{"sha256": "", "definition": []}]},
)


@pytest.mark.parametrize("message", WRONG, ids=range(len(WRONG)))
def test_a_message_of_another_version_is_an_error(message: JsonObject) -> None:
    with pytest.raises(ValueError, match="tool"):
        read_tools(message)
