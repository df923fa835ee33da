"""What the Python applications share: who visits, and how an application is called.

app.py URL VARIANT               writes to Redis through its framework, and prints what it knows
app.py URL VARIANT CREDENTIAL    prints whether that credential is still signed in
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

PEOPLE = [("ann@example.com", "admin"), ("bob@example.com", "customer"), ("zoë@example.com", "customer")]
LEAVER = ("dora@example.com", "customer")  # signs in, and out again
PASSWORD = "correct horse battery staple"
LIMIT = 5
WINDOW = 3600  # seconds
HITS = {"203.0.113.9": 3, "2001:db8:0:13::5": 2, "198.51.100.7": 8}  # requests from each address


def escaped(name: str | bytes) -> str:
    r"""Return the name of a key as printable ASCII: other bytes as \xNN, a backslash as \\."""
    data = name.encode() if isinstance(name, str) else name
    return "".join("\\\\" if byte == 0x5C else chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in data)


def about(package: str, kind: str, framework: str = "", **more: Any) -> dict[str, Any]:
    """Begin the document: the framework is named as its package unless it has another name."""
    return {"framework": framework or package, "version": version(package), "kind": kind, **more}


def session(key: str | bytes, user: str | None, role: str | None, expires_in_s: float | None) -> dict[str, Any]:
    return {
        "key": escaped(key), "user": user, "signed_in": user is not None, "role": role, "expires_in_s": expires_in_s,
    }  # fmt: skip


def limit(
    keys: list[str], client: str, let_in: int, used: int, resets_in_s: float | None, **more: Any
) -> dict[str, Any]:
    """Describe one client's limit; `used` is what the framework says, at most the limit."""
    return {
        "keys": [escaped(key) for key in keys], "client": client, "hits": HITS[client], "let_in": let_in, "used": used,
        "limit": LIMIT, "window_s": WINDOW, "blocked": let_in < HITS[client], "resets_in_s": resets_in_s, **more,
    }  # fmt: skip


def main(visit: Callable[..., Any], works: Callable[..., Any] | None = None) -> None:
    """Do what the command line says; `visit` and `works` may be coroutine functions."""
    url, variant, *credential = sys.argv[1:]
    answer = works(url, variant, credential[0]) if credential and works else visit(url, variant)
    if inspect.isawaitable(answer):
        answer = asyncio.run(_result(answer))
    document = {"works": answer} if credential else answer
    sys.stdout.write("\n" + json.dumps(document) + "\n")


async def _result(answer: Any) -> Any:
    return await answer
