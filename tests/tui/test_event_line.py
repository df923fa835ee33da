"""One line of the stream shows the important fields within its width."""

from __future__ import annotations

from itertools import product

import pytest

from redis_dash.core.known_ids import KnownIds
from redis_dash.core.messages import Event
from redis_dash.tui.abbreviation import Abbreviations
from redis_dash.tui.event_line import EventLine
from redis_dash.tui.segments import clip, measure
from redis_dash.tui.text import Plain

ORDER = (
    b'{"type": "order.created", "order_id": 41, "user_id": 7, "amount": 12.5, "at": 1.5, "session_id": "s3cret-s3cret"}'
)


@pytest.mark.parametrize("key", ["Kx9f2LqP7TzW4mNb", "xKx9f2LqP7TzW4mNb", "Kx9f2LqP7TzW4mNb:user-data-v2"])
@pytest.mark.parametrize(
    "payload", [b'{"type": "login", "who": "%s", "n": 1}', b"login of %s", b'{"a": {"who": "%s"}}', b'["%s"]']
)
def test_half_an_id_is_not_shown_however_narrow_the_line_is(payload: bytes, key: str) -> None:
    painter = EventLine()
    ids = KnownIds()
    ids.add([key.encode()])
    painter.hide(("session:*",), ids)
    raw = payload.replace(b"%s", b"Kx9f2LqP7TzW4mNb")
    for width in range(10, 121):
        for channel in (b"audit", b"usr:Kx9f2LqP7TzW4mNb"):
            text = "".join(text for text, _ in painter.paint(Event(1.0, channel, raw, len(raw)), width))
            assert "Kx9f2" not in text
            assert "mNb" not in text


def line(width: int, payload: bytes = ORDER, channel: bytes = b"orders") -> str:
    segments = clip(EventLine().paint(Event(1.0, channel, payload, len(payload)), width), width)
    return "".join(text for text, _ in segments)


def test_all_fields_in_their_order_but_secrets() -> None:
    assert "order 41  user 7  amount 12.50  session (hidden)" in line(120)
    assert "s3cret" not in line(200)


@pytest.mark.parametrize("width", [56, 60])
def test_where_few_fit_the_amount_is_among_them(width: int) -> None:
    assert "amount 12.50" in line(width)


def test_an_empty_channel_has_a_name() -> None:
    assert "(empt" in line(120, channel=b"")


def typed(name: str) -> Event:
    payload = b'{"type": "%s", "user_id": 7}' % name.encode()
    return Event(1.0, b"sessions", payload, len(payload))


@pytest.mark.parametrize("width", [36, 40, 44, 48])
def test_where_names_are_too_long_what_differs_is_shown(width: int) -> None:
    painter = EventLine()
    entries = [typed("session.ended"), typed("session.created"), typed("paid")]
    assert painter.make_room(entries)
    assert not painter.make_room(entries)
    texts = ["".join(text for text, _ in painter.paint(entry, width)) for entry in entries]
    assert "ended" in texts[0]
    assert "created" in texts[1]
    assert all(len(text) <= width for text in texts)


@pytest.mark.parametrize(
    ("names", "width", "shown"),
    [
        (["session.ended", "session.created"], 10, ["ses….ended", "s….created"]),
        (["session.ended", "session.created"], 20, ["session.ended", "session.created"]),
        (["session.ended", "session.created"], 6, ["…ended", "…crea…"]),
        (["sessionended", "sessioncreated"], 10, ["sess…ended", "se…created"]),
        (["__keyspace@0__:session:a", "__keyspace@0__:session:b"], 12, ["__keyspac…:a", "__keyspac…:b"]),
        (["prices.updated", "payment.captured"], 10, ["prices.up…", "payment.c…"]),
        (["session.created"], 10, ["session.c…"]),
        (["あああああ.いい", "あああああ.うう"], 10, ["ああ….いい", "ああ….うう"]),
        (["a" * 50, "a" * 51], 3, ["aa…", "a…a"]),
    ],
)
def test_names_in_a_column(names: list[str], width: int, shown: list[str]) -> None:
    column = Abbreviations()
    for name in names:
        column.learn(name)
    assert [column.fit(Plain(name), width) for name in names] == shown
    assert all(measure(((Plain(name), "text"),)) <= width for name in shown)


def test_a_line_says_once_that_something_was_cut_and_only_then() -> None:
    long = b'{"type": "order.created", "user_id": 7, "note": "%s", "amount": 12.5}' % (b"word " * 9)
    for payload, width in product((ORDER, long, b'{"type": "paid"}', b'{"a": "b"}'), range(20, 120)):
        whole = line(500, payload).rstrip()
        shown = line(width, payload)
        assert len(shown) <= width, (width, shown)
        assert "……" not in shown, (width, shown)
        if width > len(whole):
            assert "…" not in shown, (width, shown)
