"""waiting_asyncio - asyncio tasks that yield, that begin and end, and that sleep in great number.
Beside bench/frames.c and bench/million.c. Usage: PROGRAM COUNT TASKS; prints name=number.
Start reading at main."""

import asyncio
import sys
import time


async def yields(count):
    for _ in range(count):
        await asyncio.sleep(0)


async def suspends_once():
    await asyncio.sleep(0)


async def measure_short(count):
    start = time.perf_counter()
    await yields(count)
    print(f"asyncio_yield={(time.perf_counter() - start) / count * 1e9:.0f}")
    start = time.perf_counter()
    for _ in range(count):
        await asyncio.create_task(suspends_once())
    print(f"asyncio_suspend={(time.perf_counter() - start) / count * 1e9:.0f}")


async def sleeps(seconds, late):
    due = time.perf_counter() + seconds
    await asyncio.sleep(seconds)
    late.append(time.perf_counter() - due)


async def measure_sleeps(count):
    used = time.process_time()
    random, late, tasks = 1, [], []
    for _ in range(count):
        random = (random * 1664525 + 1013904223) & 0xFFFFFFFF
        tasks.append(asyncio.create_task(sleeps(random / 4294967296, late)))
    for task in tasks:
        await task
    print(f"asyncio_{count}_sleep_cpu_s={time.process_time() - used:.3f}")
    print(f"asyncio_{count}_late_ms={sum(late) / count * 1e3:.3f}")


def main():
    asyncio.run(measure_short(int(sys.argv[1])))
    if int(sys.argv[2]) > 0:
        asyncio.run(measure_sleeps(int(sys.argv[2])))


main()
