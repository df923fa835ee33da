"""Our commands cost the server's own time for them; its other work for us is estimated."""

from __future__ import annotations

import pytest

from redis_dash.client.server_cost import (
    BYTE_US,
    COMMAND_US,
    EXCHANGE_US,
    MESSAGE_US,
    SAMPLE_EVERY_S,
    WRITE_US,
    ServerCost,
)
from redis_dash.client.traffic import Traffic

GET = (b"GET", b"a")


def handling_ms(exchanges: int, commands: int) -> float:
    return (exchanges * EXCHANGE_US + commands * COMMAND_US) / 1000


def test_commands_cost_what_the_server_says() -> None:
    meter = ServerCost()
    meter.count([GET, GET, (b"INFO",)])
    meter.price({b"GET": (2, 4), b"INFO": (1, 96)}, 0.0)
    assert meter.cost().server_ms == pytest.approx(0.1 + handling_ms(1, 3))
    meter.count([GET] * 1000)
    meter.price({b"GET": (1002, 4004), b"INFO": (1, 96)}, 2.0)
    assert meter.cost().server_ms == pytest.approx(4.1 + handling_ms(2, 1003))
    assert meter.cost().share == pytest.approx((4 + handling_ms(1, 1000)) / 1000 / 2)


def test_commands_since_the_latest_prices_are_in_the_cost() -> None:
    meter = ServerCost()
    meter.count([GET] * 10)
    meter.price({b"GET": (10, 20)}, 0.0)
    meter.count([GET] * 1000)
    assert meter.cost().server_ms == pytest.approx(2.02 + handling_ms(2, 1010))


def test_a_restarted_server_tells_no_negative_cost() -> None:
    meter = ServerCost()
    meter.count([GET] * 10)
    meter.price({b"GET": (1000, 1000)}, 0.0)
    assert meter.cost().share is None  # the start is not representative
    meter.price({b"GET": (1, 1)}, 3.0)
    assert meter.cost().server_ms == pytest.approx(0.01 + handling_ms(1, 10))
    assert meter.cost().share == pytest.approx(0, abs=1e-9)


def test_a_price_is_sampled_where_others_call_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    meter = ServerCost()
    meter.count([GET] * 10)
    meter.price({b"GET": (10, 20)}, 0.0)
    assert not meter.wants([GET])
    meter.count([GET] * 10)
    meter.price({b"GET": (120, 100020)}, 0.0)
    monkeypatch.setattr("redis_dash.client.server_cost.time.monotonic", lambda: SAMPLE_EVERY_S)
    assert meter.wants([(b"PING",), GET])
    assert not meter.wants([(b"PTTL", b"a")])
    meter.learn([GET] * 4, {b"GET": (130, 200_000)}, {b"GET": (134, 200_012), b"INFO": (1, 90)})
    assert meter.usec(b"GET") == 3
    before = meter.cost().server_ms
    meter.count([GET] * 1000)
    meter.price({b"GET": (9000, 9000000)}, 5.0)
    assert meter.cost().server_ms - before == pytest.approx(3 + handling_ms(1, 1000))
    meter.count([GET] * 10)
    meter.price({b"GET": (9010, 9000010)}, 10.0)  # all ours again
    assert meter.usec(b"GET") == 1


def test_a_sample_in_which_others_called_the_same_says_nothing() -> None:
    meter = ServerCost()
    meter.learn([GET] * 4, {}, {b"GET": (5, 50)})
    assert meter.usec(b"GET") is None


def test_what_the_server_refuses_to_sample_is_not_asked_again() -> None:
    meter = ServerCost()
    meter.count([GET])
    meter.price({b"GET": (100, 200)}, 0.0)
    assert meter.wants([GET])
    meter.refuse([GET])
    meter.count([GET])
    meter.price({b"GET": (200, 400)}, 5.0)
    assert not meter.wants([GET])
    assert meter.usec(b"GET") == 2


@pytest.mark.parametrize(
    ("info", "writes"),
    [
        ({}, 1000),
        ({"total_writes_processed": "5000"}, 1000),
        ({"total_writes_processed": "400"}, 400),
        ({"total_writes_processed": "5000", "eventloop_cycles": "20"}, 20),
    ],
)
def test_messages_are_delivered_at_a_price(info: dict[str, str], writes: int) -> None:
    meter, listener = ServerCost(), Traffic()
    listener.messages, listener.received, listener.run = 1000, 50_000, 3
    meter.deliver([listener], info)
    cost = meter.cost([listener])
    assert cost.messages_ms * 1000 == pytest.approx(writes * WRITE_US + 1000 * MESSAGE_US + 50_000 * BYTE_US)
    assert cost.server_ms == cost.messages_ms
    assert cost.commands == 3
    assert meter.spent_s is None  # the scan does not slow down because of that


def test_messages_may_be_read_after_the_loop_has_turned_for_them() -> None:
    meter, listener = ServerCost(), Traffic()
    meter.deliver([listener], {"eventloop_cycles": "1000"})
    listener.messages = 1500
    meter.deliver([listener], {"eventloop_cycles": "1010"})
    assert meter.cost().messages_ms * 1000 == pytest.approx(1010 * WRITE_US + 1500 * MESSAGE_US)
    listener.messages = 1600
    meter.deliver([listener], {"eventloop_cycles": "1010"})
    assert meter.cost().messages_ms * 1000 == pytest.approx(1010 * WRITE_US + 1600 * MESSAGE_US)


def test_the_share_of_messages_is_separate() -> None:
    meter, listener = ServerCost(), Traffic()
    meter.price({}, 0.0)
    listener.messages = 1000
    meter.deliver([listener], {})
    meter.price({}, 2.0)
    assert meter.cost().messages_share == pytest.approx(meter.cost().messages_ms / 2000)
    assert meter.cost().share == meter.cost().messages_share > 0
