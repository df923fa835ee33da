"""Pauses between attempts: short after a connection that worked, then a second that doubles up to half a minute."""

from __future__ import annotations

from redis_dash.client.backoff import JITTER, Backoff

LONGEST_S = [0.25, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_pauses_double_up_to_half_a_minute_with_jitter() -> None:
    rows = []
    for _ in range(50):
        backoff = Backoff()
        rows.append([backoff.next_s() for _ in LONGEST_S])
        backoff.start_over()
        assert backoff.next_s() <= LONGEST_S[0]
    for pauses, longest in zip(zip(*rows, strict=True), LONGEST_S, strict=True):
        assert longest * (1 - JITTER) <= min(pauses) < max(pauses) <= longest
