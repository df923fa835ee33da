"""Sessions as real frameworks wrote them: recognised, decoded, with the right user; nothing else is taken for one."""

from __future__ import annotations

import pytest

from frameworks.record import RUN_LIMIT
from tests.unit.dialects.reading import claimed, decoded, session_claims, shown
from tests.unit.dialects.recorded import Recording, of_kind, recordings, users

ROUNDING_S = 1.0
"""Some frameworks round the moment of expiry."""


def test_the_most_used_frameworks_are_recorded() -> None:
    names = {recording.name for recording in of_kind("sessions")}
    assert names >= {"django-sessions-cache", "express-session", "flask-session-msgpack", "better-auth"}


@pytest.mark.parametrize("recording", of_kind("sessions"), ids=lambda recording: recording.name)
def test_each_session_is_recognised_and_decoded(recording: Recording) -> None:
    claims = session_claims(recording.samples)
    assert claims
    for session in recording.truth["sessions"]:
        sample = recording.sample(session["key"])
        claim = claimed(claims, sample.key)
        assert claim is not None, session["key"]
        assert shown(claim, sample).user in users(recording, session)
        assert decoded(claim, sample).is_anonymous == (not session["signed_in"])


@pytest.mark.parametrize("recording", of_kind("sessions"), ids=lambda recording: recording.name)
def test_a_session_ends_when_the_application_says(recording: Recording) -> None:
    claims = session_claims(recording.samples)
    for session in recording.truth["sessions"]:
        sample = recording.sample(session["key"])
        claim = claimed(claims, sample.key)
        assert claim is not None
        ends_at = decoded(claim, sample).ends_at
        left_s = sample.ttl_s if ends_at is None else ends_at - recording.at
        if session["expires_in_s"] is not None:
            assert left_s is not None
            assert session["expires_in_s"] - RUN_LIMIT <= left_s <= session["expires_in_s"] + ROUNDING_S


@pytest.mark.parametrize("recording", of_kind("sessions"), ids=lambda recording: recording.name)
def test_a_layout_says_if_deleting_the_key_does_not_sign_out(recording: Recording) -> None:
    """The application was asked before and after its key was deleted."""
    revoke = recording.truth["revoke"]
    claim = claimed(session_claims(recording.samples), recording.sample(revoke["key"]).key)
    assert claim is not None
    assert revoke["works_before"]
    assert not revoke["works_without_key"] or "does not sign out" in claim.layout.caveat


@pytest.mark.parametrize("recording", of_kind("sessions"), ids=lambda recording: recording.name)
def test_nothing_that_is_shown_reveals_a_session(recording: Recording) -> None:
    claims = session_claims(recording.samples)
    for sample in recording.samples:
        if (claim := claimed(claims, sample.key)) is not None:
            name = claim.layout.read_name(sample.key)
            assert name is not None
            assert name.identity.decode() not in repr(shown(claim, sample))


@pytest.mark.parametrize("recording", recordings(), ids=lambda recording: recording.name)
def test_only_sessions_are_taken_for_sessions(recording: Recording) -> None:
    sessions = {recording.sample(session["key"]).key for session in recording.truth.get("sessions", ())}
    claims = session_claims(recording.samples)
    for sample in recording.samples:
        if sample.key not in sessions and (claim := claimed(claims, sample.key)) is not None:
            # Some frameworks keep the emptied session of who signed out.
            assert decoded(claim, sample).is_anonymous
