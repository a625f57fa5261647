"""Nobody to ask is no permission."""

from gateway.guardrails.provider import Direction, Question
from gateway.model.finding import SkipReason
from gateway.model.passage import Part, Stage
from gateway.pipeline.consultants import NoConsultants


async def test_where_there_is_nobody_to_ask_nothing_counts_as_judged() -> None:
    question = Question(("hi",), Stage.REQUEST, (Part.USER,), Direction.REQUEST)
    verdicts = await NoConsultants().consult((("judge", question),))
    assert [one.skipped for one in verdicts.values()] == [SkipReason.ERROR]
