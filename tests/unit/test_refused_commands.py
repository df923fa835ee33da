"""A refused command is sent again after a pause that grows, and at once on a new connection."""

from __future__ import annotations

import pytest

from redis_dash.client.refused_commands import RefusedCommands
from redis_dash.core.resp import Command, ReplyError

GET: Command = (b"GET", b"a")
NO_GET = ReplyError("NOPERM User w has no permissions to run the 'get' command")
NO_KEY = ReplyError("NOPERM No permissions to access a key")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def refused(clock: Clock) -> RefusedCommands:
    made = RefusedCommands(clock)
    made.observe([GET], [NO_GET])
    return made


def test_a_refused_command_is_answered_here_whatever_its_key(refused: RefusedCommands) -> None:
    assert refused.answer((b"GET", b"b")) is NO_GET
    assert refused.answer((b"PTTL", b"b")) is None


def test_the_pause_grows_while_it_is_refused(refused: RefusedCommands, clock: Clock) -> None:
    sent = []
    for tenths in range(3000):
        clock.now = tenths / 10
        if refused.answer(GET) is None:
            sent.append(clock.now)
            refused.observe([GET], [NO_GET])
    assert sent[:5] == [1.0, 3.0, 7.0, 15.0, 31.0]
    assert len(sent) == 5 + (300 - 31 - 1) // 30


def test_only_the_first_of_a_pipeline_is_sent(refused: RefusedCommands, clock: Clock) -> None:
    clock.now = 1.0
    assert [refused.answer(GET) for _ in range(3)] == [None, NO_GET, NO_GET]


def test_once_it_is_allowed_it_is_sent_again(refused: RefusedCommands, clock: Clock) -> None:
    clock.now = 1.0
    refused.observe([GET], [b"value"])
    assert refused.answer(GET) is None


def test_once_one_is_allowed_all_are_sent_again(refused: RefusedCommands) -> None:
    refused.observe([(b"PTTL", b"a")], [ReplyError("NOPERM User w has no permissions to run the 'pttl' command")])
    refused.observe([GET], [b"value"])
    assert refused.answer((b"PTTL", b"a")) is None
    assert not refused.has_any()


def test_a_refused_key_shows_that_the_command_is_allowed(refused: RefusedCommands) -> None:
    refused.observe([GET], [NO_KEY])
    assert refused.answer(GET) is None


def test_on_a_new_connection_it_is_tried_at_once(refused: RefusedCommands) -> None:
    refused.connected()
    assert refused.answer(GET) is None


def test_subcommands_have_rights_of_their_own(clock: Clock) -> None:
    refused = RefusedCommands(clock)
    error = ReplyError("NOPERM User w has no permissions to run the 'client|list' command")
    refused.observe([(b"CLIENT", b"LIST")], [error])
    assert refused.answer((b"CLIENT", b"LIST")) is error
    assert refused.answer((b"CLIENT", b"SETNAME", b"x")) is None
    error = ReplyError("NOPERM User w has no permissions to run the 'xinfo|groups' command")
    refused.observe([(b"XINFO", b"GROUPS", b"orders")], [error])
    assert refused.answer((b"XINFO", b"STREAM", b"orders")) is None


def test_of_two_that_do_for_each_other_both_must_be_refused(refused: RefusedCommands) -> None:
    head: Command = (b"GETRANGE", b"a", b"0", b"9")
    assert refused.answer_to_any([head, GET]) is None
    no_head = ReplyError("NOPERM User w has no permissions to run the 'getrange' command")
    refused.observe([head], [no_head])
    assert refused.answer_to_any([head, GET]) is NO_GET
    alone = RefusedCommands(Clock())
    alone.observe([head], [no_head])
    assert alone.answer_to_any([head, GET]) is None
