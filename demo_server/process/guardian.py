"""The guardian: a small process that cleans up after its parent has ended.

    python -I -S guardian.py PARENT_FOLDER [COMMAND …]

It makes a private folder in PARENT_FOLDER, runs COMMAND in it, and prints one line: the command's process id (0 without
one) and the folder. Then it waits until its stdin ends: the kernel closes the pipe, however the parent ends. It stops
the command, removes the folder, and exits. If the command ends earlier, the folder stays until stdin ends.

It is a script, never imported. It imports only built-in modules, so that it starts within milliseconds.
"""

import os
import signal
import sys
import time

STOP_TIMEOUT = 1.0  # seconds between SIGTERM and SIGKILL


class Child:
    """The guarded command, if there is one."""

    pid = 0

    def start(self, command: list[str]) -> None:
        os_default = [signal.SIGINT, signal.SIGHUP, signal.SIGTERM]
        output = os.open("output.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        signal.signal(signal.SIGCHLD, lambda *_: self.reap())
        self.pid = os.posix_spawn(
            command[0],
            command,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, output, 1),
                (os.POSIX_SPAWN_DUP2, output, 2),
            ],
            setsigdef=os_default,
        )
        os.close(output)

    def reap(self) -> None:
        """Notice that it has ended: another process may soon have its process id."""
        if self.pid and os.waitpid(self.pid, os.WNOHANG)[0]:
            self.pid = 0

    def stop(self) -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        deadline = time.monotonic() + STOP_TIMEOUT
        self.reap()
        if self.pid:
            os.kill(self.pid, signal.SIGTERM)
        while self.pid and time.monotonic() < deadline:
            time.sleep(0.005)
            self.reap()
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def main(parent_folder: str, command: list[str]) -> None:
    # The parent handles Ctrl-C and a closed terminal, and closes our stdin when it has finished.
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    folder = os.path.join(parent_folder, f"redis-dash-demo-{os.urandom(8).hex()}")
    os.mkdir(folder, 0o700)
    child = Child()
    try:
        os.chdir(folder)
        if command:
            child.start(command)
        os.write(1, f"{child.pid} {folder}\n".encode())
        while os.read(0, 4096):
            pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child.stop()
        os.chdir("/")
        import shutil  # imported here because it doubles the time to start

        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
