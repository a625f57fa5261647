"""What the supervisor says of tools reaches the exchanges of its process, judged."""

import pytest

from gateway.guardrails.tools.definition import digest
from gateway.model.jsonvalue import JsonObject
from gateway.pipeline.tool_messages import tools_message
from gateway.pipeline.tools_seen import SeenTool
from gateway.server.tool_news import ToolNews
from tests.guardrails.guarding import book, guardrail

BOOK = book(guardrail("poison", stages="[tool_list]"))
CLEAN: JsonObject = {"name": "search", "description": "Find."}
BAD: JsonObject = {"name": "search", "description": "KEY-abc"}


def told(*definitions: JsonObject, server: str = "git") -> JsonObject:
    tools = [SeenTool(str(one["name"]), digest(one), one) for one in definitions]
    return tools_message(server, tools)


async def judging() -> ToolNews:
    news = ToolNews()
    news.use(BOOK, await news.judged(BOOK))
    return news


async def test_what_a_server_offers_is_seen_and_judged() -> None:
    news = await judging()
    await news.take(told(BAD))
    assert news.seen.servers["git"].tools == {"search": {digest(BAD)}}
    assert news.seen.left_out == {"git": {"search": {"poison"}}}
    await news.take(told(CLEAN))
    assert news.seen.left_out == {"git": {}}


async def test_what_came_before_the_first_snapshot_is_judged_with_it() -> None:
    news = ToolNews()
    await news.take(told(BAD))
    assert news.seen.left_out == {}
    seen = await news.judged(BOOK)
    assert news.seen.left_out == {}
    news.use(BOOK, seen)
    assert news.seen.left_out == {"git": {"search": {"poison"}}}


async def test_one_replica_that_offers_something_bad_is_enough() -> None:
    news = await judging()
    await news.take(told(CLEAN, BAD))
    assert news.seen.left_out == {"git": {"search": {"poison"}}}


async def test_a_server_that_is_not_looked_at_any_more_is_forgotten() -> None:
    news = await judging()
    await news.take(told(BAD))
    await news.take(told(CLEAN, server="web"))
    await news.take(tools_message("git", None))
    assert news.seen.servers.keys() == {"web"}
    assert news.seen.left_out == {"web": {}}


async def test_an_exchange_keeps_what_it_began_with() -> None:
    news = await judging()
    before = news.seen
    await news.take(told(BAD))
    assert before.servers == {}


async def test_what_lists_have_shown_is_told_once_and_forgotten_after_a_look() -> None:
    news = await judging()
    await news.take(told(CLEAN))
    news.seen.note("git", "search")
    assert news.noted() == ["git"]
    assert news.noted() == []
    news.seen.note("git", "other")
    assert news.noted() == ["git"]
    await news.take(told(CLEAN))
    assert news.seen.noted == {}
    news.seen.note("git", "search")
    assert news.noted() == ["git"]


async def test_other_pins_make_what_lists_have_shown_old() -> None:
    news = await judging()
    news.seen.note("git", "search")
    news.use(BOOK, await news.judged(BOOK))
    assert news.seen.noted == {}
    assert news.noted() == []


async def test_a_message_of_another_version_is_an_error() -> None:
    with pytest.raises(ValueError, match="tool"):
        await ToolNews().take({"type": "tools"})
