"""A child for the tests: does what it is told, good or bad."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

from exam.kernel.sandbox import serve


def answer(request: bytes) -> bytes:
    match request:
        case b"sleep":
            time.sleep(60)
        case b"memory":
            return bytes(2_000_000_000)
        case b"network":
            socket.create_connection(("127.0.0.1", 9), timeout=1)
        case b"program":
            subprocess.run([sys.executable, "-c", "0"], check=True)
        case b"raise":
            raise ValueError("no")
    return request.upper()


if __name__ == "__main__":
    serve(answer)
