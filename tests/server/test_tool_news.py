"""What the supervisor says of tools reaches the exchanges of its process, judged."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence

import pytest

from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.guard import Guard, ProviderUse
from gateway.guardrails.provider import (
    PASSED,
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
    Question,
    not_judged,
)
from gateway.guardrails.tools.definition import digest
from gateway.model.finding import Level, SkipReason
from gateway.model.jsonvalue import JsonObject
from gateway.model.passage import Stage
from gateway.pipeline.tool_messages import tools_message
from gateway.pipeline.tools_seen import SeenTool
from gateway.server.tool_news import ToolNews
from tests.guardrails.guarding import book, guardrail
from tests.server.envoy_side import eventually

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


ADVISED = GuardrailBook(
    [Guard("judge", frozenset({Stage.TOOL_LIST}), (), providers=(ProviderUse("judge"),))]
)
BLOCKS = ProviderVerdict(ProviderAction.BLOCK, (ProviderFinding("dangerous", Level.HIGH, 0),))
SILENT = not_judged(SkipReason.ERROR)


class Judge:
    """A provider that says one thing after the other, the last one again and again."""

    def __init__(self, *verdicts: ProviderVerdict) -> None:
        self._verdicts: Iterator[ProviderVerdict] = iter(verdicts)
        self._verdict = SILENT
        self.asked = 0

    async def consult(
        self, questions: Sequence[tuple[str, Question]]
    ) -> Mapping[tuple[str, Question], ProviderVerdict]:
        self.asked += 1
        self._verdict = next(self._verdicts, self._verdict)
        return dict.fromkeys(questions, self._verdict)


async def advised(judge: Judge) -> ToolNews:
    news = ToolNews(judge, again=0.01)
    news.use(ADVISED, await news.judged(ADVISED))
    return news


LeftOut = Mapping[str, Mapping[str, frozenset[str]]]


async def settled(news: ToolNews, want: LeftOut) -> None:
    await eventually(lambda: news.seen.left_out == want)


LEFT_OUT: LeftOut = {"git": {"search": frozenset({"judge"})}}


async def test_a_tool_that_a_provider_blocks_is_left_out_and_nobody_waits_for_that() -> None:
    news = await advised(Judge(BLOCKS))
    await news.take(told(CLEAN))
    assert news.seen.left_out == {"git": {}}
    await settled(news, LEFT_OUT)
    news.close()


async def test_a_tool_that_no_provider_has_judged_is_left_out_until_one_has() -> None:
    judge = Judge(SILENT, SILENT, PASSED)
    news = await advised(judge)
    await news.take(told(CLEAN))
    await settled(news, LEFT_OUT)
    await settled(news, {"git": {}})
    assert judge.asked == 3
    news.close()


async def test_what_came_before_the_first_snapshot_is_asked_about_with_it() -> None:
    news = ToolNews(Judge(BLOCKS))
    await news.take(told(CLEAN))
    news.use(ADVISED, await news.judged(ADVISED))
    await settled(news, LEFT_OUT)
    news.close()


async def test_nobody_is_asked_about_what_is_not_offered_any_more() -> None:
    judge = Judge(SILENT)
    news = await advised(judge)
    await news.take(told(CLEAN))
    await settled(news, LEFT_OUT)
    await news.take(tools_message("git", None))
    asked = judge.asked
    await asyncio.sleep(0.05)
    assert (judge.asked, news.seen.left_out) == (asked, {})
    news.close()


async def test_guardrails_without_providers_ask_nobody() -> None:
    judge = Judge(BLOCKS)
    news = ToolNews(judge)
    news.use(BOOK, await news.judged(BOOK))
    await news.take(told(BAD))
    await asyncio.sleep(0.01)
    assert judge.asked == 0
