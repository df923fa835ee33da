"""No session key can be read in masked text."""

from __future__ import annotations

import pytest

from redis_dash.redaction.session_keys import mask_key, mask_keys

ID = "f3k9QpLzY1mS0d8R"
GLOBS = ("session:*", "sess:*:data")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"session:{ID}", "session:f3k9…"),
        (f"__keyspace@0__:session:{ID}", "__keyspace@0__:session:f3k9…"),
        (f"__keyspace@0__:session:with blanks, {ID}", "__keyspace@0__:session:with…"),
        (f"__keyspace@15__:sess:{ID}:data", "__keyspace@15__:sess:f3k9…:data"),
        (f"ERR no such key 'session:{ID}'.", "ERR no such key 'session:f3k9…'."),
        (f'{{"key":"session:{ID}","n":1}}', '{"key":"session:f3k9…","n":1}'),
        (f"a session:{ID} and sess:{ID}:data", "a session:f3k9… and sess:f3k9…:data"),
        (f"app.session:{ID}\\n", "app.session:f3k9…"),
        (f"got sess:{ID}", "got sess:f3k9…"),
        ("the session: none", "the session: none"),
        ("session.created", "session.created"),
        ("session:abcdef", "session:ab…"),
        ("orders", "orders"),
    ],
)
def test_what_stands_for_the_wildcard_is_masked(text: str, masked: str) -> None:
    assert mask_keys(text, GLOBS) == masked
    assert mask_keys(masked, GLOBS) == masked


@pytest.mark.parametrize(
    ("glob", "key"),
    [
        ("*:session", f"{ID}:session"),
        ("*:session:*", f"app:session:{ID}"),
        ("*sess*", f"{ID}:sess"),
        ("s[ae]ss:*", f"sass:{ID}"),
        ("\\[x]*", f"[x]{ID}"),
        ("?" * len(ID) + ":x", f"{ID}:x"),
        ("*", ID),
    ],
)
def test_patterns_of_all_kinds(glob: str, key: str) -> None:
    assert ID not in mask_key(key, (glob,))
    assert ID not in mask_keys(f"__keyspace@0__:{key}", (glob,))
    if glob != "*":  # then every word would be a key
        assert ID not in mask_keys(f"expired: {key} (1 of 2)", (glob,))
        assert mask_keys("orders paid", (glob,)) == "orders paid"


@pytest.mark.parametrize("glob", ["session*", "*session*", "sess*", "*sessions"])
def test_ordinary_words_are_no_ids(glob: str) -> None:
    for word in ("sessions", "session.created", "sess", "obsession"):
        assert mask_keys(word, (glob,)) == word
        assert mask_keys(f"of {word} (2)", (glob,)) == f"of {word} (2)"
    assert ID not in mask_keys(f"x session{ID}sessions", (glob,))


def test_a_name_without_a_wildcard_is_no_secret() -> None:
    assert mask_keys("the one session", ("session",)) == "the one session"
    assert mask_key("session", ("session",)) == "session"
