import asyncio
import random
from collections.abc import AsyncIterator, Callable

import pytest

from gateway.model.engine import EngineLoad
from gateway.picker.engines import find_engines
from gateway.supervisor.health import EndpointKey
from gateway.supervisor.scrape import MAX_BYTES, Pace, Scraper, Source
from tests.supervisor.metrics_server import MetricsServer, vllm
from tests.supervisor.test_health import eventually

VLLM = find_engines()["vllm"]
QUICK = Pace(fastest=0.005, busy=0.01, idle=0.02)
NEVER = Pace(fastest=1000, busy=1000, idle=1000)


class Told:
    """What a scraper tells."""

    def __init__(self) -> None:
        self.all: list[tuple[EndpointKey, EngineLoad | None]] = []

    def __call__(self, key: EndpointKey, load: EngineLoad | None) -> None:
        self.all.append((key, load))

    def of(self, server: MetricsServer) -> list[EngineLoad | None]:
        return [load for key, load in self.all if key[1] == server.address]

    def running(self, server: MetricsServer) -> list[int | None]:
        return [load.running if load else None for load in self.of(server)]


@pytest.fixture
def told() -> Told:
    return Told()


Scraping = Callable[..., Scraper]


@pytest.fixture
async def scraping(told: Told) -> AsyncIterator[Scraping]:
    """Makes a scraper of these servers that is closed afterwards."""
    made: list[Scraper] = []

    def start(*servers: MetricsServer, pace: Pace = QUICK, **source: str) -> Scraper:
        scraper = Scraper(told, pace, random.Random(1))
        made.append(scraper)
        scraper.watch({("gpu", one.address): source_of(one, **source) for one in servers})
        return scraper

    yield start
    for scraper in made:
        await scraper.close()


def source_of(server: MetricsServer, **source: str) -> Source:
    return Source(f"http://{server.address}/metrics", VLLM, **source)


@pytest.fixture
async def server() -> AsyncIterator[MetricsServer]:
    server = MetricsServer()
    await server.open()
    yield server
    await server.close()


async def test_what_a_server_says_is_told_with_its_time(
    server: MetricsServer, scraping: Scraping, told: Told
) -> None:
    server.text = vllm(running=3, waiting=1)
    before = asyncio.get_running_loop().time()
    scraping(server)
    await eventually(lambda: len(told.of(server)) >= 3)
    first = told.of(server)[0]
    assert first is not None
    assert (first.running, first.waiting) == (3, 1)
    assert before <= first.at <= asyncio.get_running_loop().time()
    assert server.connections == 1
    assert server.most == 1


async def test_the_token_is_shown_and_nothing_is_compressed(
    server: MetricsServer, scraping: Scraping, told: Told
) -> None:
    scraping(server, token="secret")
    await eventually(lambda: bool(told.of(server)))
    head = server.asked[0].lower()
    assert head.startswith("get /metrics http/1.1\r\n")
    assert "authorization: bearer secret" in head
    assert "accept-encoding: identity" in head
    assert "secret" not in repr(source_of(server, token="secret"))


async def test_what_a_server_says_is_as_old_as_the_question(
    server: MetricsServer, scraping: Scraping, told: Told
) -> None:
    server.answers = asyncio.Event()
    scraping(server)
    await eventually(lambda: bool(server.asked))
    asked = asyncio.get_running_loop().time()
    server.answers.set()
    await eventually(lambda: bool(told.of(server)))
    first = told.of(server)[0]
    assert first is not None
    assert first.at <= asked


async def test_one_that_hangs_delays_no_other(
    server: MetricsServer, scraping: Scraping, told: Told
) -> None:
    hanging = MetricsServer(hangs=True)
    await hanging.open()
    scraping(server, hanging)
    await eventually(lambda: len(told.of(server)) >= 20)
    await eventually(lambda: told.of(hanging) == [None])
    assert hanging.most == 1
    await hanging.close()


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404},
        {"text": "<html></html>"},
        {"text": "vllm:num_requests_running NaN\n"},
        {"more": "content-encoding: gzip\r\n"},
        {"text": vllm() + "#" * MAX_BYTES},
        {"status": 302, "more": "location: http://127.0.0.1:1/\r\n"},
    ],
)
async def test_what_is_not_understood_is_unknown(
    answer: dict[str, str | int], server: MetricsServer, scraping: Scraping, told: Told
) -> None:
    for name, value in answer.items():
        setattr(server, name, value)
    scraping(server)
    await eventually(lambda: bool(told.of(server)))
    assert told.of(server)[0] is None


async def test_a_server_that_is_gone_is_unknown_until_it_is_back(
    server: MetricsServer, scraping: Scraping, told: Told
) -> None:
    server.closes = True
    scraping(server)
    await eventually(lambda: told.running(server)[-1:] == [0])
    await server.close()
    await eventually(lambda: told.running(server)[-1] is None)
    await server.open()
    await eventually(lambda: told.running(server)[-1] == 0)


async def test_a_connection_that_the_server_closed_is_no_reason_to_know_nothing(
    server: MetricsServer, scraping: Scraping, told: Told
) -> None:
    server.closes = True
    scraping(server)
    await eventually(lambda: len(told.of(server)) >= 20)
    assert None not in told.of(server)
    assert server.connections >= 20


async def test_who_is_no_longer_watched_is_not_asked(
    server: MetricsServer, scraping: Scraping, told: Told
) -> None:
    other = MetricsServer()
    await other.open()
    scraper = scraping(server, other)
    await eventually(lambda: bool(told.of(other)))
    scraper.watch({("gpu", server.address): source_of(server)})
    asked = len(other.asked)
    before = len(told.of(server))
    await eventually(lambda: len(told.of(server)) > before + 5)
    assert len(other.asked) <= asked + 1
    await other.close()


async def test_one_that_stays_keeps_its_connection_and_its_pace(
    server: MetricsServer, scraping: Scraping, told: Told
) -> None:
    scraper = scraping(server, pace=NEVER)
    await eventually(lambda: bool(told.of(server)))
    scraper.watch({("gpu", server.address): source_of(server)})
    scraper.watch({("gpu", server.address): source_of(server, token="new")})
    await eventually(lambda: len(told.of(server)) == 2)
    assert "Bearer new" in server.asked[1]


async def test_an_authority_that_cannot_be_read_is_told_and_no_connection_is_made(
    server: MetricsServer, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    scraper = Scraper(told, QUICK)
    url = f"https://{server.address}/metrics"
    scraper.watch({("gpu", server.address): Source(url, VLLM, ca="/absent.pem")})
    await eventually(lambda: bool(told.of(server)))
    await scraper.close()
    assert told.of(server)[0] is None
    assert server.connections == 0
    assert "/absent.pem" in caplog.text


@pytest.mark.parametrize(
    ("loads", "seconds"),
    [
        ([(0, 0)], 5.0),
        ([(1, 0)], 0.25),
        ([(0, 1)], 0.25),
        ([(1, 0), (1, 0)], 0.5),
        ([(1, 0), (1, 0), (1, 0), (1, 0)], 1.0),
        ([(1, 0), (1, 0), (2, 0)], 0.25),
        ([(1, 0), (0, 0)], 5.0),
        ([None], 0.5),
        ([None] * 9, 5.0),
        ([(0, 0), None, (1, 0)], 0.25),
    ],
)
def test_a_busy_server_is_asked_often_and_an_idle_one_seldom(
    loads: list[tuple[int, int] | None], seconds: float
) -> None:
    pace, before = Pace(0.25, 1.0, 5.0), None
    interval = pace.fastest
    for one in loads:
        load = None if one is None else EngineLoad(at=1, running=one[0], waiting=one[1])
        interval = pace.next(interval, before, load)
        before = load
    assert interval == seconds


@pytest.mark.parametrize(("more", "is_known"), [(0, True), (1, False)])
async def test_an_answer_is_a_mebibyte_at_most(
    more: int, is_known: bool, server: MetricsServer, scraping: Scraping, told: Told
) -> None:
    server.text = vllm()
    server.text += "#" * (1024 * 1024 - len(server.text) + more)
    scraping(server)
    await eventually(lambda: bool(told.of(server)))
    assert (told.of(server)[0] is not None) is is_known
