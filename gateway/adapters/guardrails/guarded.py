"""A provider that never raises and never takes longer than it may, whatever its service does."""

import asyncio
import time
from collections.abc import Callable

from gateway.adapters.guardrails.breaker import Breaker
from gateway.adapters.guardrails.cache import VerdictCache, key_of
from gateway.adapters.guardrails.client import Judge, UnusableError
from gateway.config.providers import GuardrailProvider
from gateway.guardrails.provider import PASSED, ProviderVerdict, Question, checked, not_judged
from gateway.model.finding import SkipReason


class Guarded:
    """Asks `judge` within the limits of `config`; `version` names that configuration in the keys
    of the cache; `clock` gives seconds and never runs backwards."""

    def __init__(
        self,
        config: GuardrailProvider,
        judge: Judge,
        version: bytes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = config.name
        self._config = config
        self._judge = judge
        self._version = version
        self._clock = clock
        self._breaker = Breaker(config.breaker.failures, config.breaker.window, config.breaker.rest)
        self._cache = VerdictCache(config.cache.entries, config.cache.ttl)
        self._places = asyncio.Semaphore(config.concurrency)
        self._asking = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def ask(self, question: Question) -> ProviderVerdict:
        """The verdict; `skipped` says what went wrong. Raises nothing but a cancellation."""
        if not any(text.strip() for text in question.texts):
            return PASSED
        if question.characters > self._config.max_characters:
            return not_judged(SkipReason.OVERSIZE)
        key = key_of(self._version, question)
        known = self._cache.get(key, self._clock())
        if known is not None:
            return known
        ticket = self._breaker.begin(self._clock())
        if ticket is None:
            return not_judged(SkipReason.CIRCUIT_OPEN)
        verdict = await self._counted(question, ticket)
        self._cache.put(key, verdict, self._clock())
        return verdict

    async def close(self) -> None:
        """Give up the connections, once nobody waits for an answer any more."""
        await self._idle.wait()
        await self._judge.close()

    async def _counted(self, question: Question, ticket: int) -> ProviderVerdict:
        self._asking += 1
        self._idle.clear()
        try:
            return await self._asked(question, ticket)
        finally:
            self._breaker.abandoned(ticket)  # of a call that has ended otherwise: nothing
            self._asking -= 1
            if not self._asking:
                self._idle.set()

    async def _asked(self, question: Question, ticket: int) -> ProviderVerdict:
        try:
            async with asyncio.timeout(self._config.timeout), self._places:
                verdict = checked(await self._judge.judge(question), question)
        except TimeoutError:
            self._breaker.failed(ticket, self._clock())
            return not_judged(SkipReason.TIMEOUT)
        except UnusableError as error:
            if error.own:
                self._breaker.failed(ticket, self._clock())
            return not_judged(error.reason)
        except Exception:  # noqa: BLE001  a fault of our own ends as on_error says, like the others
            return not_judged(SkipReason.ERROR)
        if verdict is None:
            self._breaker.failed(ticket, self._clock())
            return not_judged(SkipReason.UNREADABLE)
        self._breaker.succeeded(ticket)
        return verdict
