"""A known exploit, a bomb, deep nesting and a million entries, in each format that can hold them."""

from __future__ import annotations

import gc
import os

import pytest

from tests.unit.decoders.attacks import ATTACKS, BOMB, EXPLOIT, HARM, MILLION, NESTING, attacks, told
from tests.unit.decoders.test_hostile import peak_and_result

FORMATS = {
    "JSON": ATTACKS,
    "MessagePack": ATTACKS,
    "pickle": ATTACKS,
    "PHP": ATTACKS,
    "PHP session": ATTACKS,
    "Ruby Marshal": ATTACKS,
    "Rails cache entry": ATTACKS,
    "Java": ATTACKS,
    "ASP.NET session": (BOMB, MILLION),  # a flat list of names with bytes
    **dict.fromkeys(("zlib", "gzip", "xz", "zstd", "lz4"), (BOMB,)),
}
NAMES_OF_CLASSES = {
    "pickle": "system",
    "PHP": "SyslogUdpHandler",
    "Ruby Marshal": "Gem::Requirement",
    "Rails cache entry": "Gem::Requirement",
    "Java": "java.util.PriorityQueue",
    "MessagePack": "ext 5",
}
CUT = "…"
MOST_SHOWN = 2_000_000
"""Characters; what decodes is at most 1 MiB of text, and cut again where it is shown."""


def test_each_format_is_attacked_in_each_way_that_it_can_hold() -> None:
    there = {(one.format.partition(", ")[0], one.attack) for one in attacks()}
    assert there == {(name, attack) for name, kinds in FORMATS.items() for attack in kinds}


def test_nothing_is_run_and_the_name_of_what_would_be_is_told(
    monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    monkeypatch.setattr(os, "system", lambda command: pytest.fail(f"ran {command}"))
    exploits = [one for one in attacks() if one.attack == EXPLOIT]
    assert any(HARM.encode() in one.value for one in exploits)
    for one in exploits:
        with subtests.test(one.format):
            name = NAMES_OF_CLASSES.get(one.format.partition(", ")[0])
            assert name is None or name in told(one.value)


def test_the_others_are_refused_with_a_reason_or_are_small(subtests: pytest.Subtests) -> None:
    for one in attacks():
        with subtests.test(f"{one.format}, {one.attack}"):
            words = told(one.value)
            assert len(words) < MOST_SHOWN
            if one.format == "Java":  # its objects are not followed, and at most 100 texts in them are looked for
                assert one.attack == EXPLOIT or len(words) < 3000
            elif one.attack != EXPLOIT:
                assert "more than" in words or "larger than" in words or one.format == "pickle, marks"
            if one.attack == NESTING and not one.format.startswith(("JSON", "Java", "pickle, marks")):
                assert "more than 20 levels" in words


def test_each_takes_at_most_20_megabytes(subtests: pytest.Subtests) -> None:
    gc.collect()
    gc.freeze()
    for one in attacks():
        with subtests.test(f"{one.format}, {one.attack}"):
            peak, _ = peak_and_result(one.value)
            assert peak < 20_000_000
