"""A worker asks the providers of the configuration in force."""

from collections.abc import Mapping, Sequence

from gateway.config.providers import GuardrailProvider, Webhook
from gateway.guardrails.provider import PASSED, Direction, ProviderVerdict, Question
from gateway.model.finding import SkipReason
from gateway.model.passage import Part, Stage
from gateway.server.consulting import Consulting

JUDGE = GuardrailProvider(name="judge", webhook=Webhook(url="http://127.0.0.1:1/x"))
ASKED = ("judge", Question(("hi",), Stage.REQUEST, (Part.USER,), Direction.REQUEST))


class Known:
    """Providers that let everything pass."""

    def __init__(self) -> None:
        self.names: list[list[str]] = []
        self.closed = False

    def replace(self, configs: Sequence[GuardrailProvider]) -> None:
        self.names.append([one.name for one in configs])

    async def consult(
        self, questions: Sequence[tuple[str, Question]]
    ) -> Mapping[tuple[str, Question], ProviderVerdict]:
        return dict.fromkeys(questions, PASSED)

    async def close(self) -> None:
        self.closed = True


async def test_without_a_provider_nothing_is_opened_and_nothing_is_judged() -> None:
    consulting = Consulting()
    consulting.use(())
    verdicts = await consulting.consult((ASKED,))
    assert verdicts[ASKED].skipped is SkipReason.ERROR
    await consulting.close()


async def test_providers_are_opened_once_and_follow_the_configuration() -> None:
    known = Known()
    consulting = Consulting()
    consulting.open_providers = lambda: known
    consulting.use((JUDGE,))
    consulting.use(())
    assert known.names == [["judge"], []]
    assert await consulting.consult((ASKED,)) == {ASKED: PASSED}
    await consulting.close()
    assert known.closed
