"""A stand-in for the program ``ssh``: it forwards a port as ``ssh -N -L`` does, or fails in ssh's words."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
from pathlib import Path
from typing import NamedTuple

REFUSED = "ann@bastion: Permission denied (publickey)."
UNREACHED = "channel 2: open failed: connect failed: Connection refused"


class Run(NamedTuple):
    """One start of the program."""

    pid: int
    arguments: list[str]
    environment: list[str]
    """The names of its variables."""

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        import psutil  # not needed by the program

        with contextlib.suppress(psutil.NoSuchProcess):
            return bool(psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE)
        return False


class FakeSsh:
    """The program in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "ssh.log"
        self._mood = folder / "ssh.mood"
        self._log.touch()
        self.behave("forwards")
        program = folder / "ssh"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -S {__file__} {self._log} {self._mood} "$@"\n')
        program.chmod(0o755)

    def behave(self, mood: str) -> None:
        """From the next start or connection on: ``forwards``, ``refuses``, ``is silent`` or ``cannot reach``."""
        self._mood.write_text(mood)

    @property
    def runs(self) -> list[Run]:
        """All starts so far."""
        return [Run(*json.loads(line)) for line in self._log.read_text().splitlines()]


def main(log: str, mood: str, *arguments: str) -> None:
    """Do what ``ssh`` would do with these arguments."""
    with Path(log).open("a") as file:
        file.write(json.dumps([os.getpid(), arguments, list(os.environ)]) + "\n")
    if Path(mood).read_text() == "refuses":
        sys.stderr.write(f"Warning: something that does not matter\n{REFUSED}\n")
        sys.exit(255)
    if Path(mood).read_text() == "is silent":
        threading.Event().wait()
    address, port, host, far_port = arguments[arguments.index("-L") + 1].split(":")
    with socket.create_server((address, int(port))) as server:
        while True:
            near, _ = server.accept()
            if Path(mood).read_text() == "cannot reach":
                sys.stderr.write(f"{UNREACHED}\n")
                near.close()
                continue
            far = socket.create_connection((host, int(far_port)))
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)
        other.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main(*sys.argv[1:])
