"""Recorded sessions of frameworks on a real server: listed with user and lifetime, and revoked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import pytest
import redis

from redis_dash.actions.carry_out import carry_out
from redis_dash.core.commands import RevokeSession
from redis_dash.core.frames.sessions import SessionRow, SessionsFrame
from redis_dash.dialects.base import SessionPattern
from redis_dash.dialects.layout import KeySample
from redis_dash.sources.base import Context
from redis_dash.sources.sessions import SessionsSource
from tests.live.searching import found, searching
from tests.unit.dialects.reading import decoded, session_claims, shown
from tests.unit.dialects.recorded import Recording, of_kind, users
from tests.unit.dialects.session_examples import EXAMPLES

MakeContext = Callable[..., Context]


def load(client: redis.Redis, samples: Sequence[KeySample]) -> None:
    """Write strings and hashes with their lifetimes; sets and sorted sets of companion keys, too."""
    for sample in samples:
        value = sample.value
        if isinstance(value, bytes):
            client.set(sample.key, value)
        elif isinstance(value, dict):
            client.hset(sample.key, mapping=value)
        elif isinstance(value, list) and sample.type == "set":
            client.sadd(sample.key, *value)
        elif isinstance(value, list) and sample.type == "zset":
            client.zadd(sample.key, dict(value))
        if sample.ttl_s is not None:
            client.pexpire(sample.key, int(sample.ttl_s * 1000))


async def frame_of(make_context: MakeContext, samples: Sequence[KeySample]) -> tuple[Context, SessionsFrame]:
    """The frame with the patterns that are recognised."""
    patterns = tuple(SessionPattern(claim.glob, claim.layout.name) for claim in session_claims(samples))
    source = SessionsSource(context := make_context(sessions=patterns))
    await context.keyspace.pass_over()
    return context, (await source.read()).frame


@pytest.mark.parametrize("recording", of_kind("sessions"), ids=lambda recording: recording.name)
async def test_recorded_sessions_are_listed(
    recording: Recording, make_context: MakeContext, client: redis.Redis
) -> None:
    load(client, recording.samples)
    _, frame = await frame_of(make_context, recording.samples)
    rows: dict[bytes, SessionRow] = {row.key.reveal(): row for row in frame.rows}
    assert (frame.count.value, frame.count.certainty) == (len(rows), "exact")
    for session in recording.truth["sessions"]:
        sample = recording.sample(session["key"])
        row = rows.pop(sample.key)
        assert row.user in users(recording, session)
        assert row.is_anonymous == (not session["signed_in"])
        assert row.ttl_known
        ends = [] if sample.ttl_s is None else [time.time() + sample.ttl_s]
        said = decoded(session_claims([sample])[0], sample).ends_at  # may be over: a recording's clock goes on
        ends += [] if said is None else [said]
        left_s = min(ends) - time.time() if ends else None
        assert row.ttl_s == (left_s if left_s is None else pytest.approx(left_s, abs=60))
        assert row.dialect in {one.name for one in frame.formats}
    assert all(row.is_anonymous for row in rows.values())


def examples() -> list[tuple[str, KeySample, str]]:
    """One session of each framework, and its user as it is shown."""
    first = {}
    for recording in of_kind("sessions"):
        session = next(one for one in recording.truth["sessions"] if one["signed_in"])
        sample = recording.sample(session["key"])
        first[recording.name] = sample, shown(session_claims([sample])[0], sample).user
    for example in EXAMPLES:
        first.setdefault(example.layout, (example.sample, example.user))
    return [(name, sample, user) for name, (sample, user) in first.items()]


@pytest.mark.parametrize(("name", "sample", "user"), examples(), ids=lambda part: part if isinstance(part, str) else "")
async def test_a_session_is_found_and_revoked(
    name: str, sample: KeySample, user: str, make_context: MakeContext, client: redis.Redis
) -> None:
    load(client, [sample])
    patterns = tuple(SessionPattern(claim.glob, claim.layout.name) for claim in session_claims([sample]))
    source = SessionsSource(context := make_context(sessions=patterns))
    await context.keyspace.pass_over()
    (row,) = (await source.read()).frame.rows
    async with searching(source) as search:
        search(user or row.id.rstrip("…"))
        assert (await found(source)).found == 1
        search("nobody of this name")
        assert (await found(source)).found == 0
    outcome = await carry_out(context.deployment, RevokeSession(row))
    assert outcome.result == "deleted", outcome.detail
    assert not client.exists(sample.key)
    assert outcome.undo is not None
    await carry_out(context.deployment, outcome.undo)
    assert client.exists(sample.key)
