import asyncio
import contextlib

from gateway.adapters.cancelling import end


async def stubborn(times: int) -> int:
    """Overhears so many cancellations."""
    for _ in range(times):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
    await asyncio.Event().wait()
    return times


async def failing() -> None:
    raise ValueError("on its own")


async def test_tasks_end_however_often_they_have_to_be_told() -> None:
    tasks = [asyncio.ensure_future(stubborn(times)) for times in range(3)]
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await end(tasks)
    assert all(task.cancelled() for task in tasks)


async def test_what_has_ended_already_is_left_as_it_is() -> None:
    task = asyncio.ensure_future(failing())
    await asyncio.wait([task])
    await end([task])
    assert isinstance(task.exception(), ValueError)
