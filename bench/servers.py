"""An S3 on loopback in a process of its own, and a proxy that makes it as far away as a Region."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import time
import urllib.request
from collections.abc import Iterator
from multiprocessing.connection import Connection

from tests.package.world import new_s3, serve

_FORK = multiprocessing.get_context("fork")


@contextlib.contextmanager
def s3() -> Iterator[str]:
    """The URL of a moto server that counts requests at /_requests."""
    with _child(_run_s3, ()) as url:
        yield url


@contextlib.contextmanager
def far(url: str, round_trip: float) -> Iterator[str]:
    """The URL of a proxy to `url` with `round_trip` seconds on every exchange, TCP's handshake included."""
    with _child(_run_proxy, (int(url.rpartition(":")[2]), round_trip)) as address:
        yield address


def requests(url: str) -> int:
    """How many requests the S3 at `url` has had, not counting these questions."""
    with urllib.request.urlopen(f"{url}/_requests") as answer:
        return int(answer.read())


@contextlib.contextmanager
def _child(target: object, arguments: tuple[object, ...]) -> Iterator[str]:
    mine, theirs = _FORK.Pipe()
    process = _FORK.Process(target=target, args=(theirs, *arguments), daemon=True)  # type: ignore[arg-type]
    process.start()
    try:
        yield str(mine.recv())
    finally:
        process.kill()
        process.join()


def _run_s3(pipe: Connection) -> None:
    url, _ = serve(new_s3())
    pipe.send(url)
    time.sleep(86400)


def _run_proxy(pipe: Connection, port: int, round_trip: float) -> None:
    asyncio.run(_proxy(pipe, port, round_trip))


async def _proxy(pipe: Connection, port: int, round_trip: float) -> None:
    async def accept(near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        await asyncio.sleep(round_trip)
        far_in, far_out = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_carry(near_in, far_out, round_trip / 2), _carry(far_in, near_out, round_trip / 2))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    pipe.send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with server:
        await server.serve_forever()


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter, delay: float) -> None:
    """Every piece arrives `delay` after it came; pieces travel at the same time."""
    line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    async def deliver() -> None:
        while True:
            due, piece = await line.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not piece:
                target.close()
                return
            target.write(piece)

    delivery = asyncio.create_task(deliver())
    with contextlib.suppress(ConnectionError):
        while piece := await source.read(1 << 16):
            line.put_nowait((loop.time() + delay, piece))
    line.put_nowait((loop.time() + delay, b""))
    with contextlib.suppress(ConnectionError):
        await delivery
