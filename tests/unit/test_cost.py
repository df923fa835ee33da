"""Our commands are weighed by the server's own time per command."""

from __future__ import annotations

import pytest

from redis_dash.cost import CostMeter


def test_commands_cost_what_the_server_says() -> None:
    meter = CostMeter()
    meter.count([(b"GET", b"a"), (b"GET", b"b"), (b"INFO",)])
    meter.price({"cmdstat_get": "calls=100,usec=200,usec_per_call=2.00", "cmdstat_info": "calls=1,usec=96"}, 0.0)
    assert meter.cost().commands == 3
    assert meter.cost().server_ms == pytest.approx(0.1)
    meter.count([(b"GET", b"a")] * 1000)
    meter.price({"cmdstat_get": "calls=1100,usec=4200", "cmdstat_info": "calls=1,usec=96"}, 2.0)
    assert meter.cost().server_ms == pytest.approx(4.1)
    assert meter.cost().share == pytest.approx(0.004 / 2)


def test_a_restarted_server_tells_no_negative_cost() -> None:
    meter = CostMeter()
    meter.count([(b"GET", b"a")] * 10)
    meter.price({"cmdstat_get": "calls=1000,usec=1000"}, 0.0)
    meter.price({"cmdstat_get": "calls=1,usec=1"}, 1.0)
    assert meter.cost().server_ms == pytest.approx(0.01)
    assert meter.cost().share >= 0
