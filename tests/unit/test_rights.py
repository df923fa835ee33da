"""Which right is missing, in the words of Redis 6.2, Redis 7.0 and Valkey 8.1, and what would grant it."""

from __future__ import annotations

import pytest

from redis_dash.client.reasons import say
from redis_dash.core.resp import ReplyError
from redis_dash.core.rights import Right, missing_right, remedy, rules_for

COMMAND = "not allowed to run"


@pytest.mark.parametrize(
    ("text", "right", "words", "rules"),
    [
        ("NOPERM this user has no permissions to run the 'get' command or its subcommand", "command", "GET", ("+get",)),
        ("NOPERM this user has no permissions to run the 'get' command", "command", "GET", ("+get",)),
        (
            "NOPERM User a-key has no permissions to run the 'client|list' command",
            "command",
            "CLIENT LIST",
            ("+client|list",),
        ),
        (
            "EXECABORT Transaction discarded because of: NOPERM User u has no permissions to run the 'exec' command",
            "command",
            "EXEC",
            ("+exec",),
        ),
    ],
)
def test_a_command_that_may_not_be_run(text: str, right: Right, words: str, rules: tuple[str, ...]) -> None:
    error = ReplyError(text)
    assert (missing_right(error), say(error), rules_for(error)) == (right, f"{COMMAND} {words}", rules)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("NOPERM this user has no permissions to access one of the keys used as arguments", "keys"),
        ("NOPERM No permissions to access a key", "keys"),
        ("NOPERM this user has no permissions to access one of the channels used as arguments", "channels"),
        ("NOPERM No permissions to access a channel", "channels"),
    ],
)
def test_keys_and_channels_are_no_commands(text: str, right: Right) -> None:
    error = ReplyError(text)
    assert (missing_right(error), rules_for(error)) == (right, ())
    assert say(error) == f"not allowed to use this {right.removesuffix('s')}"


@pytest.mark.parametrize("quotes", ["''", "`'", "``"])
def test_no_rule_helps_against_a_command_that_the_server_does_not_know(quotes: str) -> None:
    error = ReplyError(f"ERR unknown command {quotes[0]}GETEX{quotes[1]}, with args beginning with: 'x'")
    assert (missing_right(error), say(error), rules_for(error)) == (
        "unknown command",
        "the server does not know GETEX",
        (),
    )


@pytest.mark.parametrize("text", ["WRONGTYPE Operation against a key", "LOADING Redis is loading", "ERR syntax error"])
def test_other_errors_are_about_no_right(text: str) -> None:
    assert missing_right(ReplyError(text)) is None


def test_a_refusal_in_words_that_are_not_known_keeps_them() -> None:
    error = ReplyError("NOPERM not on a Monday")
    assert (missing_right(error), say(error), rules_for(error)) == ("command", "not on a Monday", ())


def test_the_remedy_is_one_command() -> None:
    assert remedy("ann", []) == ""
    assert remedy("ann", ["+scan", "%R~rl:*", "+scan"]) == "ACL SETUSER ann +scan %R~rl:*"
    assert remedy("default", ["~my keys:*"]) == 'ACL SETUSER default "~my keys:*"'
