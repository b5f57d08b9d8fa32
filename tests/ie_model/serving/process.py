"""`ie-model serve` as a process of its own, for tests that need a real socket."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

CODE = "from ie_model.cli import app; app()"


@dataclass
class Served:
    """A running server.

    Attributes:
        url: where it listens.
        log: the lines that it has written to standard error.
    """

    process: subprocess.Popen[str]
    url: str
    log: list[str] = field(default_factory=list)

    def stop(self) -> int:
        """Ask it to end, as a service manager would; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@contextmanager
def serving(*arguments: object, **environment: str) -> Iterator[Served]:
    """A server on a free port, stopped at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, "serve", "--port", "0", *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, **environment},
    )
    assert process.stderr is not None
    log: list[str] = []
    url = None
    for line in process.stderr:
        log.append(line)
        if found := re.search(r"serves (http://\S+)", line):
            url = found[1]
            break
    assert url is not None, "".join(log)
    served = Served(process, url, log)
    reader = threading.Thread(target=lambda: log.extend(process.stderr or ()), daemon=True)
    reader.start()
    try:
        yield served
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)
        reader.join(10)
        process.stderr.close()
