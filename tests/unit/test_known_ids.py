"""A session's id is masked wherever it stands, and nothing else is."""

from __future__ import annotations

import pytest

from redis_dash.core.credential import mask
from redis_dash.core.known_ids import MOST, KnownIds
from redis_dash.core.messages import Event
from redis_dash.redaction.redact import redact_event

ID = "aaaa1111bbbb2222cccc3333dddd4444"
URL_SAFE = "Kx9f-LqP7_TzW4mN-a"


def known(*identifiers: str) -> KnownIds:
    ids = KnownIds()
    ids.add(identifier.encode() for identifier in identifiers)
    return ids


@pytest.mark.parametrize("sid", [ID, URL_SAFE])
@pytest.mark.parametrize(
    "text",
    [
        "%s",
        "login session %s ok",
        '{"visitor":"%s"}',
        "cookie s:%s.sig",
        "cookie=s%%3A%s.sig",
        "cookie=s%%253A%s.sig",
        r"first\n%s\nlast",
        "usr:%s",
        "user_%s",
        "%s,%s/%s",
        "é%sé",
    ],
)
def test_an_id_is_masked_wherever_it_stands(text: str, sid: str) -> None:
    shown = known("another-id-0000", sid).mask(text.replace("%s", sid).replace("%%", "%"))
    assert shown == text.replace("%s", sid[:4] + "…").replace("%%", "%")


@pytest.mark.parametrize("sid", ["k3J9xQ", "a1b2", "QxTzWpMn", "7f-9c0"])
@pytest.mark.parametrize(
    "text",
    ["%s", "login %s ok", '{"n":"%s"}', "s:%s.sig", "c=s%%3A%s.sig", "s%%253A%s", r"first\n%s\nlast", "usr:%s", "é%sé"],
)
def test_a_short_id_is_masked_as_a_word(text: str, sid: str) -> None:
    shown = known("another-id-0000", sid).mask(text.replace("%s", sid).replace("%%", "%"))
    assert shown == text.replace("%s", mask(sid.encode())).replace("%%", "%")


def test_a_short_id_is_masked_between_its_neighbours() -> None:
    assert known("k3J9xQ", "web:m4K0yR", "n5L1zS.sig").mask("u_k3J9xQ-1 m4K0yR n5L1zS") == "u_k3…-1 m4… n5…"


@pytest.mark.parametrize(
    "text", ["k3J9xQx", "xk3J9xQ", "alice", "order 12345678", "short-id", "Alice", "user7 at 1764007871"]
)
def test_of_what_is_short_only_ids_are_masked(text: str) -> None:
    """A session id that is a word, a name or a number also occurs in many unrelated messages."""
    assert known("k3J9xQ", "user7:3", "alice", "12345678", "short-id", "Alice", "1764007871").mask(text) == text


def test_an_id_without_separators_is_found_between_some() -> None:
    assert known(ID).mask(f"rl-{ID}_login") == "rl-aaaa…_login"


@pytest.mark.parametrize("identifier", [f"web:{ID}", f"web%3A{ID}", f"{ID}:data", f"{ID}.x7Kp2signature", f"a/{ID}"])
def test_the_distinctive_part_counts(identifier: str) -> None:
    assert ID not in known(identifier).mask(f"login {ID} ok")


@pytest.mark.parametrize("text", ["orders", ID[::-1], "1700000000000", "ann@some-company.com", "short-id"])
def test_everything_else_stays(text: str) -> None:
    assert known(ID, "bob@some-company.com", "short-id").mask(text) == text
    assert known(ID).mask_bytes(b"\xff " + text.encode()) == b"\xff " + text.encode()


def test_they_are_never_printed() -> None:
    assert ID not in repr(known(ID)) + str(known(ID))


def test_the_oldest_are_dropped() -> None:
    ids = known(ID, "told-only-once-1")
    for number in range(MOST):
        ids.add([b"%032d" % number, ID.encode()])
    assert ids.mask(f"{ID} told-only-once-1") == "aaaa… told-only-once-1"


def test_the_version_tells_news() -> None:
    ids = known(ID)
    before = ids.version
    ids.add([ID.encode()])
    assert ids.version == before
    ids.add([URL_SAFE.encode()])
    assert ids.version != before


def test_an_event_is_masked_with_its_channel() -> None:
    raw = Event(1.0, f"usr:{ID}".encode(), b'{"id": "%s", "type": "session.created"}' % ID.encode(), 64)
    shown = redact_event(raw, ("session:*",), known(ID))
    assert shown.channel.decode() == "usr:aaaa…"
    assert shown.payload.decode() == '{"id": "aaaa…", "type": "session.created"}'


def test_an_id_in_several_keys_is_known_until_the_last_of_them_is_dropped() -> None:
    ids = known(f"{ID}:data", f"{ID}:cart")
    ids.add(b"%032d" % number for number in range(MOST - 1))
    assert ids.mask(ID) == "aaaa…"
    ids.add([b"one-more-id-0001"])
    assert ids.mask(ID) == ID


def test_ids_with_a_common_form_are_known_one_by_one() -> None:
    """Each part of such an id is also a part of many others."""
    names = [f"a{one:03}b7k{two:03}x9c" for one in range(40) for two in range(40)]
    ids = known(*names[::2])
    assert [ids.mask(name) == name for name in names] == [False, True] * 800


def test_two_ids_in_one_word_are_both_masked() -> None:
    assert known(ID, "176400787123").mask(f"{ID}/176400787123") == "aaaa…/1764…"
