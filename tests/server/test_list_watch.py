import asyncio
import threading

from gateway.server.list_watch import ListWatch


def test_lists_are_read_again_and_again_beside_the_loop_even_after_a_fault() -> None:
    threads: list[int] = []

    async def play() -> None:
        done = asyncio.Event()
        loop = asyncio.get_running_loop()

        def refresh() -> None:
            threads.append(threading.get_ident())
            if len(threads) == 1:
                raise ValueError("no such list")
            if len(threads) == 3:
                loop.call_soon_threadsafe(done.set)

        watch = ListWatch(every=0.001)
        watch.refresh = refresh
        watch.start()
        watch.start()
        async with asyncio.timeout(10):
            await done.wait()
        watch.close()

    asyncio.run(play())
    assert threading.get_ident() not in threads


def test_without_lists_nothing_runs() -> None:
    async def play() -> int:
        watch = ListWatch(every=0.001)
        watch.start()
        watch.close()
        return len(asyncio.all_tasks())

    assert asyncio.run(play()) == 1
