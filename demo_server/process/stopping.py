"""Stops a child process that ends when its stdin does."""

import subprocess


def stop_by_stdin(process: subprocess.Popen[bytes], timeout: float) -> None:
    """Close its stdin and wait; kill it if it has not ended after `timeout` seconds."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
