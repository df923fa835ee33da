"""Many commands that are alike are packed together: the same bytes as one by one."""

from __future__ import annotations

import hiredis
import pytest

from redis_dash.client.connection import MANY, packed
from redis_dash.core.resp import Command

NUMBERS = range(MANY + 5)
PIPELINES: dict[str, list[Command]] = {
    "keys of one length": [(b"PTTL", b"session:%04d" % number) for number in NUMBERS],
    "keys of several lengths": [(b"ZCARD", b"limit:%d" % number**3) for number in NUMBERS],
    "hostile keys": [(b"PTTL", b"\r\n$3\r\n%s%d\0" * number) for number in NUMBERS],
    "a hostile name": [(b"%d\r\n%b", b"key%d" % number) for number in NUMBERS],
    "several commands": [(b"PTTL" if number % 2 else b"ZCARD", b"key") for number in NUMBERS],
    "more than a key": [(b"PTTL", b"key", *[b"x"] * (number % 2)) for number in NUMBERS],
    "no key": [(b"PING",)] * MANY,
    "few": [(b"PTTL", b"key")] * (MANY - 1),
    "none": [],
}


@pytest.mark.parametrize("name", PIPELINES)
def test_bytes_are_those_of_each_command(name: str) -> None:
    commands = PIPELINES[name]
    assert packed(commands) == b"".join(map(hiredis.pack_command, commands))  # type: ignore[arg-type]
