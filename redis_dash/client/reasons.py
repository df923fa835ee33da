"""Messages that say why a connection broke or a command was refused, and what to check."""

from __future__ import annotations

import errno
import os
import re
import ssl
from collections.abc import Sequence
from typing import Any

from redis_dash.client.endpoint import without_secret
from redis_dash.config import Url
from redis_dash.core.errors import MissingRightError, SourceError
from redis_dash.core.resp import Command, ReplyError
from redis_dash.core.rights import missing_right, refused_command, rules_for, shown_command, with_subcommand

CLOSED = "the server closed the connection"
CLOSED_AT_ONCE = "the server closed the connection without a word: is this a TLS port (rediss://)?"
CERTIFICATE_WANTED = (
    "the server closed the connection without a word: does it ask for a client certificate (--cert, --key)?"
)
CERTIFICATE_REFUSED = "the server closed the connection without a word: does it trust our certificate (--cert)?"
CLIENT_CERTIFICATE = "the server asks for a client certificate (--cert FILE, --key FILE)"
RESET = "the connection was reset"
CLOSED_AGAIN = "the server closes each connection at once"
NO_ANSWER = "no answer in time"
REFUSED = "connection refused"
NO_SUCH_DATABASE = "the server has no database of this number (-n, or at the end of the URL)"
UNEXPLAINED = (CLOSED, RESET, CLOSED_AGAIN, NO_ANSWER)
"""Reasons that explain nothing: a later attempt may end with one of them after an earlier one gave the cause."""
TLS_PORT = "this is a TLS port: use rediss://"
_TLS_RECORD = re.compile(rb"[\x14-\x17]\x03[\x00-\x04]")
"""The first bytes of every TLS record."""

WRONG_PASSWORD = "the server refused the user name or password"
NO_PASSWORD = "the server wants a password (--ask-password, --password-file)"
PROTECTED = "the server is in protected mode: it talks only to its own machine (--ssh HOST goes there)"
_TURNED_AWAY = ("NOAUTH", "DENIED", "ERR max number of clients")
"""Errors of a server that runs none of our commands; it closes the connection after the last two."""
_PASSING = (*_TURNED_AWAY, "LOADING", "MASTERDOWN", "BUSY ", "CLUSTERDOWN", "WRONGPASS")
"""Errors that any command may end with for a while: they say nothing about the command."""
_IN_SCRIPT = re.compile(r"^(?:ERR )?(?:Error running script .*?: )?@user_script: \d+: (-)?")
"""How servers before Redis 7 begin the error of a command in a script."""
_HIDDEN_FROM = 4
"""Length from which an argument is hidden; shorter ones are keywords of Redis or numbers."""


class LostError(ConnectionError):
    """The connection was lost; the text is the reason, ready to be shown."""


def say(error: ReplyError) -> str:
    """Turn an error reply into a message that says what to check."""
    text = str(error)
    if text.startswith("WRONGPASS"):  # the server's words say no more
        return WRONG_PASSWORD
    if text.startswith("NOAUTH"):  # its words differ from command to command
        return NO_PASSWORD
    if text.startswith("DENIED"):
        return PROTECTED
    if "without any password configured" in text:
        return "the server has no password, and one was given: `redis-dash config show` says where it is from"
    if text.startswith("LOADING"):
        return "the server is loading its data"
    if text.startswith("MASTERDOWN"):
        return "this replica has lost its primary, and answers nothing until it is back"
    if "max number of clients" in text:
        return "the server has as many clients as it lets in (maxclients)"
    if "DB index" in text:  # `invalid DB index` of older servers, for large numbers
        return NO_SUCH_DATABASE
    return _refused(error) or text.removeprefix("NOPERM ").removeprefix("ERR ")


def is_passing(error: ReplyError) -> bool:
    """Whether the server may carry out the same command later."""
    return str(error).startswith(_PASSING)


def is_turned_away(reply: object) -> bool:
    """Whether the server runs none of our commands, whichever this one was."""
    return isinstance(reply, ReplyError) and str(reply).startswith(_TURNED_AWAY)


def may_be_turned_away(reply: object) -> bool:
    """Whether it may run none of our commands: some servers say first that they do not know a command."""
    return is_turned_away(reply) or (isinstance(reply, ReplyError) and str(reply).startswith("ERR unknown"))


def seen_before(trouble: str) -> str:
    """The message for a server that has answered before: its URL is right, so no advice about it."""
    return CLOSED_AGAIN if trouble in (CLOSED_AT_ONCE, CERTIFICATE_WANTED, CERTIFICATE_REFUSED) else trouble


def _refused(error: ReplyError) -> str:
    """The message for a missing right; empty if the error is about something else, or says nothing more."""
    command = shown_command(refused_command(error))
    match missing_right(error):
        case "command" if command:
            return f"not allowed to run {command}"
        case "unknown command" if command:
            return f"the server does not know {command}"
        case "keys":
            return "not allowed to use this key"
        case "channels":
            return "not allowed to use this channel"
        case _:
            return ""


def check(reply: object) -> object:
    """Return a reply, or raise the error of an error reply.

    Raises:
        MissingRightError: the ACL user may not run the command, or not on this key or channel.
        SourceError: any other error reply.
    """
    if isinstance(reply, ReplyError):
        if missing_right(reply) is not None:
            raise MissingRightError(say(reply), rules_for(reply))
        raise SourceError(say(reply))
    return reply


def without_arguments(commands: Sequence[Command], replies: list[Any]) -> list[Any]:
    """Remove the commands' arguments from error replies, since a session key is a credential.

    A refusal names the subcommand, and an error within a script is told like any other, also if the server does not.
    """
    if ReplyError not in set(map(type, replies)):
        return replies
    pairs = zip(commands, replies, strict=True)
    return [_without(command, reply) if isinstance(reply, ReplyError) else reply for command, reply in pairs]


def _without(command: Command, error: ReplyError) -> ReplyError:
    text = _IN_SCRIPT.sub(lambda found: "" if found[1] else "ERR ", with_subcommand(str(error), command))
    for argument in command[1:]:
        if len(argument) >= _HIDDEN_FROM:
            text = text.replace(str(ReplyError(argument.decode("utf-8", "replace"))), "…")
    return ReplyError(text)


def no_protocol(data: bytes, error: Exception) -> str:
    """The message for a peer whose reply cannot be parsed."""
    if _TLS_RECORD.match(data):
        return TLS_PORT
    if data.lstrip().lower().startswith((b"http/", b"<!doctype html", b"<html")):  # some omit the status line
        return "this is an HTTP server, not Redis"
    return f"the server does not speak Redis's protocol: {ReplyError(str(error))}"


def describe(error: BaseException, url: Url) -> str:
    """The message for an error that broke a connection; it holds no secret."""
    if isinstance(error, SourceError | LostError):
        return str(error)
    if isinstance(error, ssl.SSLError):
        return tls_trouble(error)
    text = without_secret(str(error).strip().rstrip("."), url)
    if "AF_UNIX path too long" in text:
        return "the path of the socket is longer than this system allows"
    if isinstance(error, TimeoutError):
        return NO_ANSWER
    if isinstance(error, ConnectionRefusedError):
        return REFUSED
    if "Connect call failed" in text:
        return _failed_call(str(error))
    if isinstance(error, ConnectionResetError):
        return RESET
    if isinstance(error, BrokenPipeError | ConnectionAbortedError):
        return CLOSED
    return text or type(error).__name__


def _failed_call(text: str) -> str:
    """Why none of the addresses of a host could be connected to: refused, if one of them refused."""
    numbers = list(map(int, re.findall(r"\[Errno (\d+)\]", text)))
    return os.strerror(numbers[-1]) if numbers and errno.ECONNREFUSED not in numbers else REFUSED


def tls_trouble(error: ssl.SSLError) -> str:
    """The message for a TLS error, with the option that helps."""
    if isinstance(error, ssl.SSLCertVerificationError):
        code, words = error.verify_code, str(error.verify_message).rstrip(".")
        for codes, text in _CERTIFICATE_TROUBLE.items():
            if code in codes:
                return f"the server's certificate {text}".format(name=_name_in(words))
        return f"the server's certificate is not trusted: {words}"
    text = str(error)
    for part, said in _TLS_ALERTS.items():
        if part in text:
            return said
    if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST"):
        return "this is no TLS port: use redis://"
    return f"TLS failed: {(error.reason or text).replace('_', ' ').lower()}"


def _name_in(words: str) -> str:
    """The name that the certificate does not hold, as OpenSSL quotes it."""
    found = re.search("'(.*)'", words)
    return str(ReplyError(found[1])) if found else "this host"


_CERTIFICATE_TROUBLE = {
    (10,): "has expired",
    (9,): "is not valid yet (or the clock of this machine is wrong)",
    (62, 64): "is for another name than {name}; --sni NAME gives the name that it holds",
    (18,): "is signed by itself; --cacert FILE trusts it",
    (2, 19, 20, 21): "is from an authority that is not trusted here; --cacert FILE names one",
    (23,): "has been revoked",
}
"""By the codes of OpenSSL (X509_V_ERR_…)."""
_TLS_ALERTS = {
    "CERTIFICATE_REQUIRED": CLIENT_CERTIFICATE,
    "ALERT_HANDSHAKE_FAILURE": CLIENT_CERTIFICATE,
    "ALERT_BAD_CERTIFICATE": CLIENT_CERTIFICATE,
    "ALERT_CERTIFICATE_EXPIRED": "the server says that our certificate (--cert) has expired",
    "ALERT_UNKNOWN_CA": "the server does not trust the authority of our certificate (--cert)",
    "ALERT_UNSUPPORTED_CERTIFICATE": "the server does not accept the kind of our certificate (--cert)",
}
"""What the server says of the client, by a part of OpenSSL's text."""
