import asyncio

import pytest

from gateway.server.patience import within

LONG = 60.0
SHORT = 0.01


async def answered(value: int) -> int:
    return value


async def relayed(steps: int) -> int:
    """Waits `steps` times and counts the turns."""
    turns = 0
    for _ in range(steps):
        await asyncio.sleep(0)
        turns += 1
    return turns


async def test_work_that_never_waits_gives_its_result() -> None:
    assert await within(LONG, answered(7)) == 7


async def test_work_without_a_wait_is_not_cut_off_by_time() -> None:
    assert await within(0.0, answered(7)) == 7


@pytest.mark.parametrize("steps", [1, 2, 5])
async def test_work_that_waits_is_resumed_until_its_end(steps: int) -> None:
    assert await within(LONG, relayed(steps)) == steps


async def test_work_that_waits_for_too_long_is_cancelled() -> None:
    seen: list[type[BaseException]] = []

    async def stuck() -> None:
        try:
            await asyncio.Event().wait()
        except BaseException as error:
            seen.append(type(error))
            raise

    with pytest.raises(TimeoutError):
        await within(SHORT, stuck())
    assert seen == [asyncio.CancelledError]


async def test_an_exception_of_the_work_comes_out_before_and_after_a_wait() -> None:
    async def failing(steps: int) -> None:
        await relayed(steps)
        raise KeyError(steps)

    for steps in (0, 1, 3):
        with pytest.raises(KeyError):
            await within(LONG, failing(steps))


async def test_what_the_work_awaits_may_fail_and_be_handled_there() -> None:
    broken: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(broken.set_exception, ValueError("no"))

    async def careful() -> str:
        try:
            await broken
        except ValueError:
            return await asyncio.sleep(0, "mended")
        return "whole"

    assert await within(LONG, careful()) == "mended"


async def test_a_cancellation_from_outside_reaches_the_work() -> None:
    began = asyncio.Event()
    ended = asyncio.Event()

    async def patient() -> None:
        try:
            began.set()
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.ensure_future(within(LONG, patient()))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
