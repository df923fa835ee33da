"""Notice that the parent process has ended."""

import os
import threading
from collections.abc import Callable


def when_stdin_ends(callback: Callable[[], object]) -> None:
    """Call `callback` in a thread when stdin reaches its end: the kernel closes the pipe of a parent that has ended."""

    def wait() -> None:
        try:
            while os.read(0, 4096):
                pass
        except OSError:
            pass  # there is no stdin
        callback()

    # A daemon thread does not keep the process alive.
    threading.Thread(target=wait, name="stdin", daemon=True).start()
