"""Servers with few commands: what they can tell is shown, and the rest says why it is not."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator

import pytest
from fakeredis import TcpFakeServer

from redis_dash.config import Config
from redis_dash.hub import Hub
from redis_dash.snapshot import take
from tests.conftest import until
from tests.live.conftest import running
from tests.live.poor_server import poor_server
from tests.live.test_hub import FAST, TOPICS, Desk


async def test_without_info_acl_and_pubsub_the_topics_that_need_less_still_work() -> None:
    async with poor_server() as (port, data):
        data.set("session:ann-0123456789", '{"email": "ann@example.com"}', ex=1000)
        data.zadd("leaderboard", {"ann": 3, "bob": 2})
        async with running(Hub(Config(url=f"redis://127.0.0.1:{port}", refresh_s=FAST))) as hub:
            desk = Desk(hub)
            await until(lambda: set(desk.statuses()) == set(TOPICS))
            await until(lambda: desk.statuses()["sessions"] == "ok" and bool(desk.frame("sessions").rows))
            assert desk.statuses() | {"events": "any"} == {
                "server": "off",
                "events": "any",
                "sessions": "ok",
                "rate_limits": "ok",
                "leaderboards": "ok",
                "cache": "off",
            }
            assert desk.frame("sessions").rows[0].user == "ann@example.com"
            await until(lambda: desk.statuses()["leaderboards"] == "ok" and bool(desk.frame("leaderboards").boards))
            assert [row.member for row in desk.frame("leaderboards").boards[0].rows] == ["ann", "bob"]
            assert "does not know INFO" in desk.latest["server"].note
            assert hub.errors == 0


@pytest.fixture
def hangs_up_after_errors() -> Iterator[int]:
    """The port of fakeredis's TCP server: it closes the connection after each error, and does not know INFO."""
    server = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


async def test_replies_of_another_form_end_nothing() -> None:
    async with poor_server(protocol=3) as (port, data):
        data.set("session:ann-0123456789", '{"email": "ann@example.com"}', ex=1000)
        data.zadd("points", {"ann": 3, "bob": 2})
        async with running(Hub(Config(url=f"redis://127.0.0.1:{port}", refresh_s=FAST))) as hub:
            desk = Desk(hub)
            await until(lambda: desk.statuses().get("sessions") == "ok" and bool(desk.frame("sessions").rows))
            assert hub.errors == 0


async def test_a_server_that_hangs_up_after_each_error_says_why(hangs_up_after_errors: int) -> None:
    url = f"redis://127.0.0.1:{hangs_up_after_errors}/0"
    async with running(Hub(Config(url=url, refresh_s=FAST))) as hub:
        desk = Desk(hub)
        await until(lambda: set(desk.statuses()) == set(TOPICS))
        await until(lambda: bool(desk.statuses()) and "does not know INFO" in desk.latest["sessions"].note)
        assert hub.errors == 0
    document, code = await take(Config(url=url), 0.0, ["sessions"], io.StringIO())
    assert code != 0
    assert json.loads(document)["topics"]["sessions"]["note"]
