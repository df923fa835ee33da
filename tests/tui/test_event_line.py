"""One line of the stream says what matters in the room it has."""

from __future__ import annotations

import pytest

from redis_dash.eventlog import Event
from redis_dash.tui.event_line import EventLine

ORDER = (
    b'{"type": "order.created", "order_id": 41, "user_id": 7, "amount": 12.5, "at": 1.5, "session_id": "s3cret-s3cret"}'
)


def line(width: int, payload: bytes = ORDER, channel: bytes = b"orders") -> str:
    spans = EventLine().paint(Event(1.0, channel, payload, len(payload)), width)
    return "".join(text for text, _ in spans)


def test_all_fields_in_their_order_but_secrets() -> None:
    assert "order 41  user 7  amount 12.50  session (hidden)" in line(120)
    assert "s3cret" not in line(200)


@pytest.mark.parametrize("width", [56, 60])
def test_where_few_fit_the_amount_is_among_them(width: int) -> None:
    assert "amount 12.50" in line(width)


def test_an_empty_channel_has_a_name() -> None:
    assert "(empt" in line(120, channel=b"")
