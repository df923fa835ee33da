"""Flask with Flask-Session 0.5, which writes pickles."""

from flask_session_app import visit, works

from visits import main

main(
    lambda url, variant: visit(url, {}),
    lambda url, variant, credential: works(url, {}, credential),
)
