"""Frames with hostile contents, as any client may write them to Redis."""

from __future__ import annotations

import msgspec

from redis_dash.core.certainty import exact
from redis_dash.core.frames.cache import CacheGroup
from redis_dash.core.frames.events import ChannelCount, Gap
from redis_dash.core.frames.leaderboards import Board, BoardRow
from redis_dash.core.reading import AnyReading
from tests.tui import fakes

STRINGS = (
    "[/]",
    "[@click=app.quit]x[/]",
    "[bold red]loud[/bold red]",
    "\x1b]0;pwned\x07",
    "\x1b[31mred\x1b[0m",
    "\x9b31mC1",
    "\u202etxt.exe",
    "\u2066isolate\u2069\u200f",
    "zero\u200bwidth\u200d\ufeff",
    "line\nbreak\r\ttab\u2028\u2029",
    "",
    " ",
    "z\u0351\u0342\u0313\u0314\u0315\u0343" + "a\u0301" * 40 + "\u0489" * 50,
    "\u0301leading mark",
    "👩‍👩‍👧‍👦🇮🇳👍🏽❤️" * 5,
    "漢字かな交じり文" * 10,
    "\ud800\udfff",
    b"\xff\xfe\xc3\x28 invalid \xe2\x82".decode("utf-8", "surrogateescape"),
    b"\xff\xfe\xc3\x28 invalid \xe2\x82".decode("utf-8", "backslashreplace"),
    "x" * 5_000_000,
    "\x00" * 100_000,
    "\u202e" * 5_000_000,
    "$text {name} %s {{}}",
)
PAYLOADS = (
    *(text.encode("utf-8", "surrogatepass") for text in STRINGS if len(text) < 100_000),
    b"\xff\xfe\x9b31m\xc2\x9b",
    b"{" * 3000,
    b'{"a":' * 3000,
    b'{"type": "[/]", "[@click=app.quit]x[/]": "\\u001b[31m", "n": NaN}',
    b'{"type": "[/]", "[@click=app.quit]x[/]": "\\u001b]0;pwned\\u0007\\u202e", "": "", "deep": [1, "\\u009b"]}',
    b'{"type": 7, "amount": 1e308, "huge": 123456789012345678901234567890}',
    b'{"type": "", "ok": true, "none": null}',
    b"5" * 5_000_000,
)


def readings() -> list[AnyReading]:
    """One hostile reading for each topic."""
    log = fakes.log_of(*((payload[:64], payload) for payload in PAYLOADS))
    log.mark("mark [/] \x1b[31m", 0.0, "gap")
    log.mark("later", 1e300, "action")
    rows = [
        msgspec.structs.replace(
            fakes.session(i, text, text, ttl=float("inf") if i % 2 else -5.0),
            id=text[:20],
            dialect=text[:100],
            fields=tuple((other[:100], other) for other in STRINGS),
            created_at=1e300 if i % 3 else None,
        )
        for i, text in enumerate(STRINGS)
    ]
    limits = [
        msgspec.structs.replace(fakes.limit(text, i * 10, None if i % 3 == 0 else 100), key=text, dialect=text)
        for i, text in enumerate(STRINGS)
    ]
    scores = (float("nan"), float("inf"), -float("inf"), 1e308, 0.1, -3.0)
    members = tuple(BoardRow(i, text, scores[i % 6], i - 3, 2.0) for i, text in enumerate(STRINGS))
    groups = tuple(CacheGroup(text, exact(i), None, None, float("nan")) for i, text in enumerate(STRINGS))
    frame = fakes.events(log, channels=tuple(ChannelCount(text, 1, 0.1) for text in STRINGS))
    return [
        fakes.ok("server", fakes.server(product=STRINGS[1], version=STRINGS[3], role=STRINGS[5], ping_ms=float("nan"))),
        fakes.ok("events", msgspec.structs.replace(frame, gaps=(Gap(0.0, None, STRINGS[3]),))),
        fakes.ok("sessions", fakes.sessions(*rows), coverage=0.5),
        fakes.ok("rate_limits", fakes.rate_limits(*limits), coverage=0.5),
        fakes.ok("leaderboards", fakes.leaderboards(*(Board(text, 9, members) for text in STRINGS))),
        fakes.ok("cache", msgspec.structs.replace(fakes.cache(), groups=groups)),
    ]
