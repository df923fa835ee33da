"""Runs the applications in this folder against a private server each, and records what they wrote.

python -m frameworks.record [NAME ...]    NAME is a folder; none means all of them
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

from redis import Redis

from demo_server.process.embedded import EmbeddedServer
from frameworks.dump import Messages, dump, server_time, unescaped

HERE = Path(__file__).parent
BUILT = HERE.parent / ".frameworks"
RECORDED = HERE.parent / "tests" / "recorded"
INSTALL_LIMIT = 600  # seconds
RUN_LIMIT = 120  # seconds
LARGEST = 40_000  # bytes


class CannotRecordError(Exception):
    """An application cannot be installed or run; the message says why."""


def folders() -> list[Path]:
    return sorted(path.parent for path in HERE.glob("*/app.*"))


def variants(folder: Path) -> list[str]:
    """Return the names that the application knows for its variants; each makes one recording."""
    listed = folder / "variants.txt"
    return listed.read_text().split() if listed.exists() else [""]


def requirements(folder: Path) -> list[str]:
    """Return what the application requires, each with its version."""
    if (folder / "requirements.txt").exists():
        return (folder / "requirements.txt").read_text().split()
    packages = json.loads((folder / "package.json").read_text())["dependencies"]
    return [f"{name}@{version}" for name, version in packages.items()]


def recording(folder: Path, variant: str) -> str:
    return f"{folder.name}-{variant}" if variant else folder.name


def install(folder: Path) -> Path:
    """Install what the application requires, unless that is done; returns the folder to run it from."""
    built = BUILT / folder.name
    wanted = folder / ("requirements.txt" if (folder / "requirements.txt").exists() else "package.json")
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()
    done = built / ".installed"
    if not (done.exists() and done.read_text() == digest):
        shutil.rmtree(built, ignore_errors=True)
        built.mkdir(parents=True)
        if wanted.suffix == ".txt":
            try:
                venv.create(built / "venv", with_pip=True)
            except (OSError, subprocess.CalledProcessError) as error:
                raise CannotRecordError(f"no virtual environment: {error}") from error
            pip: list[str | Path] = [
                built / "venv/bin/python",
                "-m",
                "pip",
                "--disable-pip-version-check",
                "install",
                "--quiet",
            ]
            run([*pip, "-r", wanted], built, INSTALL_LIMIT)
        else:
            shutil.copy(wanted, built)
            npm: list[str | Path] = [
                "npm",
                "install",
                "--no-package-lock",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
            ]
            run([*npm, "--loglevel=error"], built, INSTALL_LIMIT)
        done.write_text(digest)
    return built


def run(command: list[str | Path], folder: Path, limit: float, **environment: str) -> str:
    """Run a command and return its standard output. Raises CannotRecordError."""
    try:
        done = subprocess.run(
            command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, timeout=limit
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotRecordError(str(error)) from error
    if done.returncode:
        raise CannotRecordError(f"exit {done.returncode}\n{(done.stderr or done.stdout)[-3000:]}")
    return done.stdout


def ask(folder: Path, built: Path, scratch: Path, *words: str) -> dict[str, Any]:
    """Run the application; returns the JSON document in its last line."""
    if (built / "venv").exists():
        shared = str(HERE / "shared")
        printed = run([built / "venv/bin/python", folder / "app.py", *words], scratch, RUN_LIMIT, PYTHONPATH=shared)
    else:
        # Node looks for packages beside the file, so a copy stands beside the packages.
        shutil.copy(folder / "app.mjs", built)
        shutil.copytree(HERE / "shared", BUILT / "shared", dirs_exist_ok=True)
        printed = run(["node", built / "app.mjs", *words], scratch, RUN_LIMIT, NODE_ENV="test")
    *_, last = printed.strip().splitlines() or [""]
    try:
        answer: dict[str, Any] = json.loads(last)
    except ValueError as error:
        raise CannotRecordError(f"it printed no JSON document but {last[:200]!r}") from error
    return answer


def record(folder: Path, variant: str) -> dict[str, Any]:
    """Run one application against an empty server; returns the recording."""
    built = install(folder)
    with EmbeddedServer() as server, tempfile.TemporaryDirectory() as scratch, Redis.from_url(server.url) as redis:
        messages = Messages(redis)
        truth = ask(folder, built, Path(scratch), server.url, variant)
        facts = {"server": server.version, "requires": requirements(folder), "at": server_time(redis)}
        document = facts | {"truth": truth, "keys": dump(redis), "messages": messages.taken()}
        if revoke := truth.get("revoke"):
            words = (server.url, variant, revoke["credential"])
            revoke["works_before"] = ask(folder, built, Path(scratch), *words)["works"]
            redis.delete(unescaped(revoke["key"]))
            revoke["works_without_key"] = ask(folder, built, Path(scratch), *words)["works"]
    return document


def main(names: list[str]) -> int:
    """Record all, or those that are named; returns the exit code."""
    RECORDED.mkdir(exist_ok=True)
    unknown = set(names) - {folder.name for folder in folders()}
    if unknown:
        sys.stderr.write(f"there is no frameworks/{sorted(unknown)[0]}\n")
        return 2
    failed = 0
    for folder in folders():
        for variant in variants(folder) if not names or folder.name in names else ():
            name = recording(folder, variant)
            try:
                document = record(folder, variant)
                text = json.dumps(document, indent=1, ensure_ascii=True) + "\n"
                if len(text) > LARGEST:
                    raise CannotRecordError(f"the recording has {len(text)} bytes, more than {LARGEST}")
            except CannotRecordError as error:
                failed += 1
                sys.stdout.write(f"{name}: NOT RECORDED: {error}\n")
                continue
            (RECORDED / f"{name}.json").write_text(text)
            truth = document["truth"]
            sys.stdout.write(f"{name}: {truth['framework']} {truth['version']}: {len(document['keys'])} keys\n")
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
