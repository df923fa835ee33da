"""Flask with Flask-Session, values in msgpack (the default) or JSON."""

from flask_session_app import visit, works

from visits import main

main(
    lambda url, variant: visit(url, {"SESSION_SERIALIZATION_FORMAT": variant}),
    lambda url, variant, credential: works(url, {"SESSION_SERIALIZATION_FORMAT": variant}, credential),
)
