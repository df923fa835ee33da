"""Noticing that whoever started us is gone."""

import os
import threading
from collections.abc import Callable


def when_stdin_ends(callback: Callable[[], object]) -> None:
    """Call `callback`, from a thread of its own, when stdin reaches its end: the kernel closes a dead parent's pipe."""

    def wait() -> None:
        try:
            while os.read(0, 4096):
                pass
        except OSError:
            pass  # no stdin at all, which is as ended as can be
        callback()

    # A daemon: it must not keep a process alive that ends for another reason.
    threading.Thread(target=wait, name="stdin", daemon=True).start()
