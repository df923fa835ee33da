"""A short soak on all deployments side by side: random faults, every figure judged, and nothing but memory grows."""

from __future__ import annotations

import secrets
import subprocess
import sys

import pytest

SECONDS, RATE, REST_S, WITHIN_S = 20.0, 10.0, 5.0, 280.0
WARM_UP_MB = 40.0
"""So much may memory grow while the process is young."""


@pytest.mark.timeout(WITHIN_S + 20)
def test_after_random_faults_every_figure_was_right_and_nothing_has_grown() -> None:
    options = {"minutes": SECONDS / 60, "rate": RATE, "rest": REST_S, "growth": WARM_UP_MB}
    command = [sys.executable, "-m", "tests.soak", f"--seed={secrets.randbelow(10_000)}"]
    command += [f"--{name}={value}" for name, value in options.items()]
    run = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S)

    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("nothing has grown, every figure was right") == 3
