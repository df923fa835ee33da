"""The whole demo as its users start it: `python -m demo_server`, in processes of its own."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

_END = 20.0  # seconds


@dataclass(frozen=True)
class LivingDemo:
    """A demo that runs; `temp` is where its temporary folders are."""

    process: subprocess.Popen[bytes]
    redis_url: str
    http_url: str
    temp: Path
    stderr: Path

    def everybody(self) -> list[psutil.Process]:
        """All its processes, the server and the guardian among them."""
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def truth(self) -> dict[str, Any]:
        return self.get("/truth")

    def get(self, path: str) -> dict[str, Any]:
        """The answer to a request. No certificates are read for it: that takes longer than the answer."""
        answer: dict[str, Any] = httpx.get(self.http_url + path, trust_env=False, verify=False).json()
        return answer


@contextlib.contextmanager
def living_demo(temp: Path, *options: str, **environment: str) -> Iterator[LivingDemo]:
    folder = temp / "tmp"
    folder.mkdir()
    stderr = temp / "stderr.txt"
    command = [sys.executable, "-m", "demo_server", *options]
    variables = {"PATH": "/usr/bin:/bin", "TMPDIR": str(folder), "DEMO_LLM_SECONDS": "0.3"} | environment
    with (
        stderr.open("wb") as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=variables
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, stderr.read_text()
            urls = json.loads(line)
            yield LivingDemo(process, urls["redis_url"], urls["http_url"], folder, stderr)
        finally:
            process.terminate()
            try:
                process.wait(_END)
            except subprocess.TimeoutExpired:
                process.kill()
