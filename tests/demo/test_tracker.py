import asyncio
import sys
from collections.abc import Generator
from typing import Any, Literal

import pytest
from mcp import Client, MCPError
from mcp.types import CallToolResult, TextContent, TextResourceContents

from tests.support.processes import Process, running

Era = Literal["legacy", "2026-07-28"]
WEBSITE = {"owner": "acme", "repo": "website"}


@pytest.fixture(scope="module")
def tracker() -> Generator[str]:
    with running(command("replica-a")) as process:
        yield url_of(process)


@pytest.fixture(params=["legacy", "2026-07-28"])
def era(request: pytest.FixtureRequest) -> Era:
    return request.param


def command(name: str) -> list[str]:
    return [sys.executable, "-m", "demo.tracker", "--port", "0", "--name", name]


def url_of(process: Process) -> str:
    return process.wait_for_line(r"^ready (\S+)")[1]


def text_of(result: CallToolResult) -> str:
    assert isinstance(result.content[0], TextContent)
    return result.content[0].text


async def test_clients_of_both_eras_see_the_same_tools(tracker: str, era: Era) -> None:
    async with Client(tracker, mode=era) as client:
        tools = (await client.list_tools()).tools
        assert (client.protocol_version == "2026-07-28") == (era == "2026-07-28")
    assert [tool.name for tool in tools] == [
        "list_issues",
        "get_issue",
        "get_issue_comments",
        "related_issues",
        "create_issue",
        "delete_repo",
        "whoami",
    ]


async def test_issues_are_listed_by_state(tracker: str, era: Era) -> None:
    async with Client(tracker, mode=era) as client:
        opened = await client.call_tool("list_issues", WEBSITE)
        closed = await client.call_tool("list_issues", {**WEBSITE, "state": "closed"})
    assert [issue["number"] for issue in opened.structured_content["result"]] == [1, 2]
    assert [issue["number"] for issue in closed.structured_content["result"]] == [3]


async def test_an_issue_comes_with_its_comments(tracker: str, era: Era) -> None:
    async with Client(tracker, mode=era) as client:
        issue = await client.call_tool("get_issue", {**WEBSITE, "number": 2})
        comments = await client.call_tool("get_issue_comments", {**WEBSITE, "number": 2})
    assert issue.structured_content["title"] == "Sign-in page is slow on mobile"
    assert comments.structured_content["result"] == issue.structured_content["comments"]


async def test_a_tool_that_gives_orders_to_the_model_does_what_its_first_sentence_says(
    tracker: str, era: Era
) -> None:
    async with Client(tracker, mode=era) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        related = await client.call_tool("related_issues", {**WEBSITE, "number": 2})
    assert "id_rsa" in (tools["related_issues"].description or "")
    assert [issue["number"] for issue in related.structured_content["result"]] == [1, 3]


@pytest.mark.parametrize(
    ("tool", "arguments", "text"),
    [
        ("get_issue", {**WEBSITE, "number": 99}, "acme/website has no issue 99"),
        ("list_issues", {"owner": "acme", "repo": "no"}, "no repository acme/no"),
        ("delete_repo", {"owner": "acme", "repo": "no"}, "no repository acme/no"),
    ],
)
async def test_what_is_not_there_is_told_to_the_model(
    tracker: str, tool: str, arguments: dict[str, Any], text: str
) -> None:
    async with Client(tracker) as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert text in text_of(result)


async def test_resources_and_prompts_are_listed(tracker: str, era: Era) -> None:
    async with Client(tracker, mode=era) as client:
        resources = (await client.list_resources()).resources
        templates = (await client.list_resource_templates()).resource_templates
        prompts = (await client.list_prompts()).prompts
    assert [str(resource.uri) for resource in resources] == [
        "tracker://repositories",
        "tracker://guide/triage",
        "tracker://guide/deletion",
    ]
    assert [template.uri_template for template in templates] == [
        "tracker://{owner}/{repo}/issues/{number}"
    ]
    assert [prompt.name for prompt in prompts] == [
        "triage_issue",
        "summarise_repository",
        "clean_up_repositories",
    ]


async def test_every_resource_and_prompt_can_be_had(tracker: str, era: Era) -> None:
    async with Client(tracker, mode=era) as client:
        for resource in (await client.list_resources()).resources:
            content = (await client.read_resource(str(resource.uri))).contents[0]
            assert isinstance(content, TextResourceContents)
            assert content.text
        for prompt in (await client.list_prompts()).prompts:
            arguments = {argument.name: "1" for argument in prompt.arguments or []}
            assert (await client.get_prompt(prompt.name, arguments)).messages
        issue = (await client.read_resource("tracker://acme/website/issues/1")).contents[0]
        assert isinstance(issue, TextResourceContents)
        assert '"number":1' in issue.text


@pytest.mark.parametrize("number", ["99", "one"])
async def test_an_issue_that_is_not_there_is_no_resource(tracker: str, number: str) -> None:
    async with Client(tracker) as client:
        with pytest.raises(MCPError, match="no issue"):
            await client.read_resource(f"tracker://acme/website/issues/{number}")


async def test_what_is_written_stays_in_the_replica() -> None:
    with running(command("replica-a")) as first, running(command("replica-b")) as second:
        async with Client(url_of(first)) as client:
            created = await client.call_tool("create_issue", {**WEBSITE, "title": "t", "body": "b"})
            assert created.structured_content["number"] == 4
            deleted = await client.call_tool("delete_repo", {"owner": "globex", "repo": "reactor"})
            assert text_of(deleted) == "deleted globex/reactor and 1 issues"
            assert text_of(await client.call_tool("whoami")) == "replica-a"
        async with Client(url_of(second)) as client:
            assert (await client.call_tool("get_issue", {**WEBSITE, "number": 4})).is_error
            assert text_of(await client.call_tool("whoami")) == "replica-b"


async def test_it_prints_one_line_and_stops_at_once_under_open_streams() -> None:
    with running(command("replica-a")) as process:
        # A legacy client keeps a stream open to hear from the server.
        async with Client(url_of(process), mode="legacy") as client:
            await client.call_tool("whoami")
            assert await asyncio.to_thread(process.stop, seconds=3) == 0
        assert len(process.stdout.lines) == 1
        assert process.stderr.lines == []


def test_a_port_in_use_is_one_clear_line() -> None:
    with running(command("replica-a")) as process:
        port = url_of(process).rsplit(":", 1)[1].split("/")[0]
        with running([sys.executable, "-m", "demo.tracker", "--port", port]) as second:
            assert second.wait(5) == 1
            assert len(second.stderr.lines) == 1
            assert "Address already in use" in second.stderr.lines[0]
