"""The rows of the table: which tests run on which server."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from tests.matrix.servers import Server

ROOT = Path(__file__).parents[2]
LIVE = "tests/live"
DEPLOYMENTS = {"cluster": f"{LIVE}/cluster", "Sentinel": f"{LIVE}/sentinel"}
"""Tests of several servers together."""
RESP2_TESTS, POOR_TESTS = f"{LIVE}/test_resp2_only.py", f"{LIVE}/test_poor_servers.py"
DONE = (0, 1)
"""Exit codes of pytest with which all tests have run."""


class Row(NamedTuple):
    """Some tests on one server."""

    server: str
    deployment: str
    tests: tuple[str, ...]
    """Arguments of pytest."""
    environment: Mapping[str, str]
    python: Path = Path(sys.executable)


class Result(NamedTuple):
    """How many tests passed."""

    passed: int
    failed: int
    skipped: int
    seconds: float
    trouble: str = ""
    """Why not all tests ran; empty if they did."""

    @property
    def is_good(self) -> bool:
        return bool(self.passed) and not self.failed and not self.trouble


def rows(servers: Sequence[Server]) -> list[Row]:
    """Each deployment on each server; the first server also without RESP3, and the poorest server."""
    found = [row for server in servers for row in _of(server)]
    if servers:
        first = servers[0]
        found.append(Row(first.name, "RESP2 only", (RESP2_TESTS,), _named(first)))
    return [*found, Row("fakeredis", "poor server", (POOR_TESTS,), {})]


def _of(server: Server) -> list[Row]:
    apart = {name: folder for name, folder in DEPLOYMENTS.items() if (ROOT / folder).exists()}
    plain = (LIVE, *(f"--ignore={folder}" for folder in apart.values()))
    return [
        Row(server.name, "one server", plain, _named(server)),
        *(Row(server.name, name, (folder,), _named(server)) for name, folder in apart.items()),
    ]


def _named(server: Server) -> dict[str, str]:
    return {"TESTED_SERVER": str(server.program)}


def run(row: Row, workers: str, arguments: Sequence[str] = ()) -> Result:
    """Run the tests of a row; pytest writes to stderr."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [str(row.python), "-m", "pytest", "-q", "--numprocesses", workers, "--dist", "worksteal"]
        command += [f"--junitxml={report}", *row.tests, *arguments]
        code = subprocess.run(command, cwd=ROOT, env=os.environ | row.environment, stdout=sys.stderr).returncode
        counts = read(report.read_text()) if report.exists() else Result(0, 0, 0, 0.0)
    trouble = "" if code in DONE else f"pytest ended with {code}"
    return counts._replace(seconds=time.monotonic() - began, trouble=trouble)


def read(report: str) -> Result:
    """The counts of a report in JUnit's format."""
    passed = failed = skipped = 0
    for case in ElementTree.fromstring(report).iter("testcase"):
        marks = {mark.tag for mark in case}
        if marks & {"failure", "error"}:
            failed += 1
        elif "skipped" in marks:
            skipped += 1
        else:
            passed += 1
    return Result(passed, failed, skipped, 0.0)
