"""Work that may hang or eat memory runs in child processes with limits: drawing documents, reading a stranger's file.

A child is `python -m <module>`, kept warm, answering one request after another over its own pipes. It has a limit of
memory (RLIMIT_AS) and of time per request (it is killed, and the next request gets a new one), it may open no network
connection and start no program (an audit hook refuses), and it ends with the parent. Requests and answers are bytes:
nothing a child says is ever executed or unpickled here.

A module that serves requests ends with ``if __name__ == "__main__": serve(function)``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import IO, Final

from exam.kernel.errors import N_, Unavailable
from exam.kernel.settings import TREE

_HEAD: Final = struct.Struct(">BdQ")  # status or kind, seconds, length
_OK, _FAILED = 0, 1
_GRACE_SECONDS: Final = 5.0
_MEGABYTE: Final = 1024 * 1024
_FORBIDDEN_EVENTS: Final = frozenset(
    {
        "socket.connect",
        "socket.bind",
        "socket.getaddrinfo",
        "socket.sendto",
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "os.fork",
        "os.forkpty",
        "ftplib.connect",
        "urllib.Request",
    }
)


class ChildFailed(Unavailable):
    """The child died, ran out of time or memory, or could not do what was asked."""

    message = N_("这份文件没有处理完：%(reason)s。")
    way_out = N_("请重试；若仍然不行，请把文件名和时间告诉管理员。")


class Children:
    """A small pool of warm children of one module. Threads share it; each request has a child to itself."""

    def __init__(
        self,
        module: str,
        *,
        count: int = 2,
        seconds: float = 60.0,
        megabytes: int = 1536,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._module = module
        self._seconds = seconds
        self._megabytes = megabytes
        self._env = dict(env or {})
        self._free: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(count):
            self._free.put(None)
        self.count = count

    def ask(self, request: bytes, *, seconds: float | None = None) -> bytes:
        """Send one request and wait for its answer; raises `ChildFailed`."""
        child = self._free.get()
        try:
            if child is None or not child.alive:
                child = _Child(self._module, self._megabytes, self._env)
            return child.ask(request, seconds or self._seconds)
        except BaseException:
            if child is not None and not child.reusable:
                child.kill()
                child = None
            raise
        finally:
            self._free.put(child)

    async def ask_async(self, request: bytes, *, seconds: float | None = None) -> bytes:
        """The same without holding up the event loop."""
        return await asyncio.to_thread(self.ask, request, seconds=seconds)

    def close(self) -> None:
        """End the children that are free now."""
        for _ in range(self._free.qsize()):
            child = self._free.get()
            if child is not None:
                child.kill()
            self._free.put(None)


class _Child:
    def __init__(self, module: str, megabytes: int, env: Mapping[str, str]) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH", "HOME") if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=TREE,
            env={**kept, "PYTHONPATH": str(TREE), "KAOWU_CHILD_MEGABYTES": str(megabytes), **env},
        )
        self._lock = threading.Lock()
        self.reusable = True

    @property
    def alive(self) -> bool:
        return self.reusable and self._process.poll() is None

    def ask(self, request: bytes, seconds: float) -> bytes:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.reusable = False
        timer = threading.Timer(seconds, self._process.kill)
        timer.start()
        try:
            _send(self._process.stdin, _OK, request, seconds)
            status, _, answer = _receive(self._process.stdout)
        except (EOFError, OSError) as error:
            slow = not timer.is_alive()
            raise ChildFailed(reason="超时" if slow else "处理进程意外结束") from error
        finally:
            timer.cancel()
        self.reusable = True
        if status == _FAILED:
            raise ChildFailed(reason=answer.decode("utf-8", "replace"))
        return answer

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def serve(handler: Callable[[bytes], bytes]) -> None:
    """The child's side: answer requests until the parent closes the pipe."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print must not reach the answers
    _limit_memory(int(os.environ.get("KAOWU_CHILD_MEGABYTES", "1536")))
    sys.addaudithook(_refuse)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            _, seconds, request = _receive(sys.stdin.buffer)
        except EOFError:
            return
        _alarm(seconds + _GRACE_SECONDS)
        try:
            status, answer = _OK, handler(request)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the parent is told and decides
            status, answer = _FAILED, f"{type(error).__name__}: {error}"[:2000].encode()
        _alarm(0)
        _send(answers, status, answer, 0)


def _send(pipe: IO[bytes], status: int, body: bytes, seconds: float) -> None:
    pipe.write(_HEAD.pack(status, seconds, len(body)))
    pipe.write(body)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> tuple[int, float, bytes]:
    head = _exactly(pipe, _HEAD.size)
    status, seconds, length = _HEAD.unpack(head)
    return status, seconds, _exactly(pipe, length)


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return data


def _alarm(seconds: float) -> None:
    """Where the system has alarms, a child whose parent is gone does not run on for ever."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _limit_memory(megabytes: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no rlimits
        return
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * _MEGABYTE, megabytes * _MEGABYTE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _refuse(event: str, _arguments: tuple[object, ...]) -> None:
    if event in _FORBIDDEN_EVENTS:
        raise PermissionError(f"{event} is not allowed in a child process")
