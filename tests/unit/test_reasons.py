"""Messages about broken connections: they say what to check and hold no text chosen by a peer."""

from __future__ import annotations

import ssl

import pytest

from redis_dash.client.reasons import CLOSED, RESET, LostError, describe, no_protocol, say, without_arguments
from redis_dash.config import Url
from redis_dash.core.resp import ERROR_CHARS, ReplyError
from redis_dash.core.rights import rules_for

URL = Url("redis://me:s3cret@localhost:6379/0")


def test_an_error_reply_holds_no_control_characters_and_ends() -> None:
    text = str(ReplyError("ERR \x1b]0;title\x07 \x9b31m\r\n\u202e" + "x" * 10_000))
    assert text.isprintable()
    assert text.startswith(r"ERR \x1b]0;title\x07 \x9b31m\r\n\u202e")
    assert len(text) < ERROR_CHARS * 2


def test_an_error_reply_repeats_no_arguments() -> None:
    told = ReplyError("ERR unknown command 'PTTL', with args beginning with: 'session:k3J9xQpLz7' ")
    assert "k3J9" not in str(told)
    key = b"session:k3J9xQpLz7"
    replies = without_arguments([(b"GET", key), (b"PING",)], [ReplyError(f"ERR no {key.decode()} here"), b"PONG"])
    assert [str(reply) for reply in replies] == ["ERR no … here", "b'PONG'"]


@pytest.mark.parametrize(
    "where",
    [
        "@user_script: 25: ",
        "ERR @user_script: 25: ",
        "ERR Error running script (call to f_1f8f): @user_script:1: @user_script: 1: ",
    ],
)
def test_an_error_in_a_script_of_redis_6_is_told_like_any_other(where: str) -> None:
    texts = ("-OOM command not allowed", "The user executing the script")
    commands = [(b"EVAL", b"return 1", b"0")] * 2
    told = without_arguments(commands, [ReplyError(f"{where}{text}") for text in texts])
    assert list(map(str, told)) == ["OOM command not allowed", "ERR The user executing the script"]


def test_a_refusal_of_redis_6_names_the_subcommand() -> None:
    refused = "NOPERM this user has no permissions to run the '{}' command or its subcommand"
    commands = [(b"XINFO", b"STREAM", b"orders"), (b"MEMORY", b"USAGE", b"a"), (b"GET", b"memory"), (b"CLIENT", b"ID")]
    replies = [ReplyError(refused.format(name)) for name in ("xinfo", "memory", "get")]
    told = without_arguments(commands, [*replies, ReplyError("ERR the 'client' command or its subcommand")])
    assert [(say(error), rules_for(error)) for error in told[:3]] == [
        ("not allowed to run XINFO STREAM", ("+xinfo|stream",)),
        ("not allowed to run MEMORY USAGE", ("+memory|usage",)),
        ("not allowed to run GET", ("+get",)),
    ]
    assert str(told[3]) == "ERR the 'client' command or its subcommand"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("WRONGPASS invalid username-password pair or user is disabled.", "refused the user name or password"),
        (
            "ERR AUTH <password> called without any password configured for the default user. Are you sure?",
            "the server has no password, and one was given: `redis-dash config show` says where it is from",
        ),
        ("NOAUTH Authentication required.", "the server wants a password (--ask-password, --password-file)"),
        ("NOAUTH HELLO must be called with the client already authenticated, otherwise", "wants a password"),
        ("DENIED Redis is running in protected mode because protected mode is enabled", "protected mode"),
        ("LOADING Redis is loading the dataset in memory", "loading its data"),
        ("ERR max number of clients reached", "maxclients"),
        ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", "lost its primary"),
        ("ERR something else", "something else"),
    ],
)
def test_what_the_server_says(error: str, told: str) -> None:
    assert told in say(ReplyError(error))


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (LostError("no answer in time"), "no answer in time"),
        (TimeoutError(), "no answer in time"),
        (ConnectionRefusedError(111, "Connect call failed"), "connection refused"),
        (ConnectionResetError(104, "reset by peer"), RESET),
        (BrokenPipeError(32, "broken pipe"), CLOSED),
        (OSError(113, "Connect call failed ('10.1.1.1', 6379)"), "No route to host"),
        (
            OSError("Multiple exceptions: [Errno 101] Connect call failed ('::1', 1), [Errno 111] Connect call failed"),
            "connection refused",
        ),
        (OSError("Multiple exceptions: [Errno 101] Connect call failed, [Errno 113] Connect call failed"), "No route"),
        (OSError("cannot reach redis://me:s3cret@localhost:6379/0"), "cannot reach redis://"),
    ],
)
def test_what_broke_a_connection(error: Exception, told: str) -> None:
    assert describe(error, URL).startswith(told)
    assert "s3cret" not in describe(error, URL)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\x15\x03\x03\x00\x02\x02F", "TLS port: use rediss://"),
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP server"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak Redis's protocol"),
    ],
)
def test_what_is_not_redis(data: bytes, told: str) -> None:
    assert told in no_protocol(data, Exception('got "\x1b" as reply type byte'))
    assert no_protocol(data, Exception('got "\x1b" as reply type byte')).isprintable()


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("WRONG_VERSION_NUMBER", "no TLS port: use redis://"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "asks for a client certificate"),
        ("UNSUPPORTED_PROTOCOL", "TLS failed: unsupported protocol"),
    ],
)
def test_what_is_wrong_with_tls(reason: str, told: str) -> None:
    error = ssl.SSLError(1, f"[SSL: {reason}] some text (_ssl.c:1006)")
    error.reason = reason
    assert told in describe(error, URL)
