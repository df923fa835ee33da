"""Bytes that are not UTF-8 arrive from the keyboard, as terminals with another encoding send them, or by a paste."""

from __future__ import annotations

from tests.whole.forked import playground


def test_the_dashboard_goes_on() -> None:
    with playground("still", 80, 24) as terminal:
        terminal.wait_for("ops/s")
        terminal.type_bytes(b"2\xe9\xff")
        terminal.type("/")
        terminal.wait_for("filter;")
        terminal.type_bytes(b"user\xe9\x80 \xf0\x9f")
        terminal.wait_for("user\ufffd")
        assert terminal.process.poll() is None
