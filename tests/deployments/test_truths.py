"""The range of a figure between two answers of ``/truth``."""

from __future__ import annotations

from typing import Any

from tests.deployments.truths import Sample, Window
from tests.moving.timeline import Span

CLIENT = "198.51.100.1"


def _answer(used: int, accepted: int, exact_since: float = 1.0) -> Sample:
    told: dict[str, Any] = {"used": used, "accepted": accepted, "refused": 0}
    clients = {CLIENT: told} if used else {}
    return Sample(Span(0.0, 0.0), {"exact_since": exact_since, "rate_limits": clients})


def test_a_request_may_have_left_the_window_before_another_was_accepted() -> None:
    assert Window([_answer(64, 70), _answer(64, 71)]).usage(CLIENT) == (63, 65)
    assert Window([_answer(64, 70), _answer(64, 70)]).usage(CLIENT) == (64, 64)


def test_usage_is_between_that_of_the_answers_and_what_was_accepted() -> None:
    assert Window([_answer(5, 5), _answer(7, 7), _answer(4, 8)]).usage(CLIENT) == (3, 8)


def test_a_reading_that_takes_long_counts_what_has_left_meanwhile() -> None:
    assert Window([_answer(20, 20), _answer(20, 21), _answer(20, 22)]).usage(CLIENT) == (19, 22)


def test_a_client_may_come_and_go() -> None:
    assert Window([_answer(0, 0), _answer(2, 9), _answer(0, 9)]).usage(CLIENT) == (0, 2)
    assert Window([_answer(0, 0), _answer(0, 0)]).usage(CLIENT) == (0, 0)


def test_a_loss_in_between_leaves_some_doubt() -> None:
    assert Window([_answer(8, 8), _answer(8, 8, exact_since=2.0)]).usage(CLIENT) == (3, 13)
