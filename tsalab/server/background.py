"""One event loop in a background thread, for all connections of the process.

A notebook's kernel already runs an event loop on its main thread, so asyncssh needs one
of its own. The thread is a daemon: it never keeps the interpreter alive.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import os
import threading
import weakref
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_thread: threading.Thread | None = None
_pid: int | None = None
# Connections, each with its loop: what nobody closed is closed when the loop ends.
_open: weakref.WeakKeyDictionary[Any, asyncio.AbstractEventLoop] = weakref.WeakKeyDictionary()


def loop() -> asyncio.AbstractEventLoop:
    """The running loop; started on first use (again after a fork)."""
    global _loop, _thread, _pid
    with _lock:
        if _loop is None or _pid != os.getpid():
            ready = threading.Event()
            new = asyncio.new_event_loop()
            thread = threading.Thread(target=_main, args=(new, ready), name="tsalab-ssh", daemon=True)
            thread.start()
            ready.wait()
            _loop, _thread, _pid = new, thread, os.getpid()
        return _loop


def submit(coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
    """Start a coroutine on the loop."""
    return asyncio.run_coroutine_threadsafe(coroutine, loop())


def call(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the loop and wait for it; Ctrl-C cancels it."""
    future = submit(coroutine)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def close_at_end(connection: Any) -> None:
    """Let the end of the loop close an asyncssh connection, unless somebody has. On the loop."""
    _open[connection] = asyncio.get_running_loop()


def settle(future: concurrent.futures.Future[Any], timeout: float) -> None:
    """Wait until a future is done, however it ends, or the timeout (seconds) passes."""
    concurrent.futures.wait([future], timeout)


def _main(new: asyncio.AbstractEventLoop, ready: threading.Event) -> None:
    asyncio.set_event_loop(new)
    new.call_soon(ready.set)
    new.run_forever()
    new.run_until_complete(_end())
    new.run_until_complete(new.shutdown_asyncgens())
    new.close()


async def _end() -> None:
    """End what still runs on the loop, and its connections: a socket left open is warned about."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    here = asyncio.get_running_loop()
    ours = [connection for connection, where in _open.items() if where is here]
    for connection in ours:
        connection.abort()
    await asyncio.gather(*(connection.wait_closed() for connection in ours))


def stop() -> None:
    """End the loop and its thread; the next use starts new ones."""
    global _loop, _thread
    with _lock:
        ended, thread, _loop, _thread = _loop, _thread, None, None
    if ended is not None and thread is not None and _pid == os.getpid():
        ended.call_soon_threadsafe(ended.stop)
        thread.join(timeout=5)


atexit.register(stop)
