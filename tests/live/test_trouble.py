"""At every moment of trouble, state, lines and gaps of the events agree, and nothing is called ok while it is not."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
import redis
import redis.asyncio

from demo_server.process.embedded import EmbeddedServer
from redis_dash.client.deployment import Deployment
from redis_dash.client.reasons import CLOSED_AGAIN
from redis_dash.config import Config
from redis_dash.core.commands import FullPass
from redis_dash.core.frames.events import EventsFrame
from redis_dash.core.messages import Event, Mark, MessageLog
from redis_dash.core.reading import Reading
from redis_dash.hub import Hub
from redis_dash.pubsub import connection as message_connection
from redis_dash.pubsub import subscriber
from redis_dash.sources import SOURCES
from tests.conftest import until
from tests.live.conftest import running
from tests.live.relay import relay


class Screen:
    """What a front end shows: the latest readings, and the lines of the log, which are drawn as they come."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.latest: dict[str, Reading[Any]] = {}
        self.contradictions: list[str] = []
        self._read_to = 0
        self._marks: list[str] = []
        self._is_event_new = False
        """Whether the last line is a message that has come since the previous look."""

    def look(self) -> bool:
        """Take the new readings, and compare them with the lines; always true."""
        self.latest.update({reading.topic: reading for reading in self._hub.drain()})
        reading = self.latest.get("events")
        if reading is not None and isinstance(reading.frame, EventsFrame):
            self._read_lines(reading.frame.log)
            self.contradictions += self._compare(reading, reading.frame)
        return True

    def all_ok(self) -> bool:
        """Whether every topic is ok now."""
        self.look()
        return len(self.latest) == len(SOURCES) and {reading.status for reading in self.latest.values()} == {"ok"}

    @property
    def events(self) -> Reading[Any]:
        """The reading of the events."""
        return self.latest["events"]

    def _read_lines(self, log: MessageLog) -> None:
        lines = log.read(self._read_to, log.end)
        self._marks += [line.text for line in lines if isinstance(line, Mark)]
        self._is_event_new = bool(lines) and isinstance(lines[-1], Event)
        self._read_to = log.end

    def _compare(self, reading: Reading[Any], frame: EventsFrame) -> list[str]:
        last = self._marks[-1] if self._marks else ""
        lost = last.startswith("connection lost")
        losses = sum(mark.startswith("connection lost") for mark in self._marks)
        is_open = any(gap.ended_at is None for gap in frame.gaps)
        wrong = {
            "ok, and the lines say that the connection is lost": reading.status == "ok" and lost,
            "ok, and a gap is open": reading.status == "ok" and is_open,
            "a gap is open, and the lines say that it has ended": is_open and not lost,
            "the lines say that the connection is lost, and no gap is open": lost and not is_open,
            "gaps and lines differ in number": len(frame.gaps) != losses,
            "not receiving, and a line has come": lost and self._is_event_new,
            "stale, and a line has come just now": reading.status == "stale" and self._is_event_new,
        }
        return [f"{text} ({reading.note})" for text, is_so in wrong.items() if is_so]


async def _publish(port: int, ended: asyncio.Event) -> None:
    while not ended.is_set():
        with contextlib.suppress(redis.RedisError, OSError):
            async with redis.asyncio.Redis(port=port) as client:
                while not ended.is_set():
                    await client.publish("orders", "x")
                    await asyncio.sleep(0.001)
        await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def publishing(port: int) -> AsyncIterator[None]:
    """Publish all the time."""
    ended = asyncio.Event()
    task = asyncio.create_task(_publish(port, ended))
    try:
        yield
    finally:
        ended.set()
        await task


def cut_messages(server: EmbeddedServer) -> None:
    with redis.Redis(port=server.port) as client:
        client.client_kill_filter(_type="pubsub")


def cut_commands(server: EmbeddedServer) -> None:
    with redis.Redis(port=server.port) as client:
        client.client_kill_filter(_type="normal", skipme=True)


def cut_all(server: EmbeddedServer) -> None:
    cut_messages(server)
    cut_commands(server)


def restart(server: EmbeddedServer) -> None:
    server.stop()
    server.start()


def _goes_on(hub: Hub, screen: Screen, received: int) -> bool:
    return screen.all_ok() and hub.received > received + 100


@pytest.mark.parametrize("trouble", [cut_messages, cut_commands, cut_all, restart])
async def test_state_lines_and_gaps_agree_at_every_moment(trouble: Callable[[EmbeddedServer], None]) -> None:
    with EmbeddedServer() as server:
        async with publishing(server.port), running(Hub(Config(url=server.url))) as hub:
            screen = Screen(hub)
            await until(screen.all_ok)
            for _ in range(3):
                await asyncio.to_thread(trouble, server)
                await until(partial(_goes_on, hub, screen, hub.received))
            assert screen.contradictions == []


async def test_lines_that_come_while_commands_fail_are_not_called_stale(
    redis_url: str, embedded_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The two connections differ: what one of them says is not said of the other."""
    async with publishing(embedded_server.port), running(Hub(Config(url=redis_url))) as hub:
        screen = Screen(hub)
        await until(screen.all_ok)
        monkeypatch.setattr(Deployment, "trouble", "max number of clients reached")
        received = hub.received
        await until(lambda: screen.look() and hub.received > received + 100)
        others = {(reading.status, reading.away) for topic, reading in screen.latest.items() if topic != "events"}
        assert others == {("stale", True)}
        assert (screen.events.status, screen.events.away) == ("ok", False)
        assert screen.contradictions == []


async def test_until_a_silent_server_is_called_stale_the_age_only_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counters that are read while a PING is unanswered are as old as the latest answer."""
    monkeypatch.setattr(message_connection, "PING_EVERY_S", 0.05)
    monkeypatch.setattr(subscriber, "UNANSWERED_S", 0.1, raising=False)
    with EmbeddedServer() as server, redis.Redis(port=server.port) as client:
        process: int = client.info("server")["process_id"]
        async with running(Hub(Config(url=server.url, refresh_s=0.1))) as hub:
            screen, seen = Screen(hub), list[tuple[str, float]]()
            await until(screen.all_ok)
            stopped_at = time.time()

            def is_stale() -> bool:
                screen.look()
                seen.append((screen.events.status, screen.events.taken_at))
                return screen.events.status == "stale"

            os.kill(process, signal.SIGSTOP)
            try:
                await until(is_stale, within_s=6.0)
            finally:
                os.kill(process, signal.SIGCONT)
            late = [taken_at for status, taken_at in seen if time.time() - taken_at > 0.1 and status == "ok"]
            unanswered = max(taken_at for status, taken_at in seen if status == "stale")
            assert unanswered <= stopped_at + 0.05
            assert late.count(unanswered) > 1
            assert set(late[late.index(unanswered) :]) == {unanswered}


async def test_a_server_that_does_not_answer_is_not_called_live(monkeypatch: pytest.MonkeyPatch) -> None:
    """This is told long before the connection is given up."""
    monkeypatch.setattr(message_connection, "PING_EVERY_S", 0.05)
    monkeypatch.setattr(subscriber, "LATE_S", 0.2, raising=False)
    with EmbeddedServer() as server, redis.Redis(port=server.port) as client:
        process: int = client.info("server")["process_id"]
        async with running(Hub(Config(url=server.url))) as hub:
            screen = Screen(hub)
            await until(screen.all_ok)
            stopped_at = time.time()
            os.kill(process, signal.SIGSTOP)
            try:
                await until(lambda: screen.look() and screen.events.status == "stale", within_s=3.0)
            finally:
                os.kill(process, signal.SIGCONT)
            assert hub.deployment.trouble == ""
            assert screen.events.note == "no answer yet"
            assert screen.events.taken_at <= stopped_at + 0.05
            await until(screen.all_ok)
            assert screen.events.frame is not None
            assert screen.events.frame.gaps == ()


async def test_a_server_that_was_reached_before_is_not_taken_for_a_tls_port(embedded_server: EmbeddedServer) -> None:
    """It closes each connection at once now, as a proxy does whose server is gone."""
    async with relay(embedded_server.port) as link, running(Hub(Config(url=link.url, refresh_s=0.1))) as hub:
        screen = Screen(hub)
        await until(screen.all_ok)
        link.away = True
        await link.hang_up()
        await until(lambda: screen.look() and screen.latest["server"].note == CLOSED_AGAIN)
        link.back()
        await until(screen.all_ok)
        assert screen.events.frame is not None
        (gap,) = screen.events.frame.gaps
        assert "TLS" not in gap.reason


async def test_a_request_of_the_user_ends_the_pause_between_two_attempts(
    embedded_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.client.backoff.FIRST_S", 60.0)
    async with relay(embedded_server.port) as link, running(Hub(Config(url=link.url, refresh_s=0.1))) as hub:
        screen = Screen(hub)
        await until(screen.all_ok)
        link.away = True
        await link.hang_up()
        await until(lambda: screen.look() and screen.latest["server"].away)
        await until(lambda: (hub.next_attempt_s or 0) > 30)
        link.back()
        hub.ask(FullPass(on=True))
        await until(screen.all_ok)
        assert hub.next_attempt_s is None
