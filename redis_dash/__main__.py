"""Where the program starts: `redis-dash`, and `python -m redis_dash`."""

import signal


def main() -> None:
    """Run the command line. While it is imported, Ctrl-C ends the process at once: Python would print a traceback."""
    is_heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # it is ignored in a shell's background
    if is_heard:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from redis_dash.cli import main as command_line

    if is_heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    command_line()


if __name__ == "__main__":
    main()
