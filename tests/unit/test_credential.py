"""Credentials stay masked."""

from __future__ import annotations

from redis_dash.core.commands import RestoreSession, RevokeSession
from redis_dash.core.credential import Credential, mask
from redis_dash.core.frames.sessions import SessionRow

KEY = b"session:kR3fSECRETSECRETSECRET"


def test_a_credential_is_never_printed() -> None:
    row = SessionRow(Credential(KEY), mask(KEY), "ann", "", 1.0, 1.0, None, "json")
    undo = RestoreSession(Credential(KEY), "ann", b"dump of SECRET", None)
    assert "SECRET" not in f"{row!r} {row} {RevokeSession(row)!r} {undo!r} {undo}"
    assert row.key.reveal() == KEY
    assert row.key == Credential(KEY)


def test_mask_shows_at_most_a_third() -> None:
    assert mask(b"abcdefghijklmnop") == "abcd…"
    assert mask(b"abcdef") == "ab…"
    assert mask(b"ab") == "…"
    assert mask(b"") == "…"
