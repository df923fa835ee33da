"""The row and the details of a session."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from redis_dash.core.frames.sessions import Format, SessionRow
from redis_dash.tui.formatting import countdown, duration, moment
from redis_dash.tui.intents import Facts
from redis_dash.tui.text import Plain, plain
from redis_dash.tui.theme_styles import Ground
from redis_dash.tui.widgets.cells import Bar, Cell, Figure, Name
from redis_dash.tui.widgets.columns import Column

COLUMNS = (
    Column(Plain("user"), 28, most=40),
    Column(Plain("id"), 5),
    Column(Plain("role"), 7, most=12, priority=1),
    Column(Plain(""), 4, most=20, priority=2, bar=True),
    Column(Plain("time left"), 10, most=14, right=True),
)

ENDED = Plain("ended")
"""The framework has ended it, or it has expired since; the key may remain."""
SHORT_S = 300.0
"""A session stands out if less than a tenth of its lifetime and less than this time is left."""
FIELDS = 40
"""How many of a session's fields are shown."""
OTHERS = Plain("others: no known framework")
"""The other patterns of session keys."""
LONGEST_PATTERN = 24


class SessionRows:
    """One row for each session."""

    def key(self, row: SessionRow) -> Hashable:
        return row.key

    def cells(self, row: SessionRow) -> tuple[Cell, ...]:
        share = row.ttl_s / row.ttl_full_s if row.ttl_known and row.ttl_s is not None and row.ttl_full_s else None
        low = share is not None and share < 0.1 and row.ttl_s is not None and row.ttl_s < SHORT_S
        return (
            Name(plain(row.shown_user, 200), "text" if row.user else "dim", is_cut_at_end=True),
            (plain(row.id, 5), "dim"),
            (plain(row.role, 12), "accent" if row.role == "admin" else "dim"),
            Bar(share, "warn" if low else "gauge"),
            Figure(_left(row), "warn" if low else "text"),
        )

    def ground(self, _row: SessionRow) -> Ground:
        return "base"

    def words(self, row: SessionRow) -> str:
        """The text of the details. The time left changes all the time, so only its kind is included."""
        fields = (f"{name}={value}" for name, value in row.fields[:FIELDS])
        since = moment(row.created_at) if row.created_at else ""
        kind = "unknown" if not row.ttl_known else "never" if row.ttl_s is None else ""
        return " ".join((row.shown_user, row.id, row.role, since, kind, row.dialect, *fields))


def _left(row: SessionRow) -> tuple[Plain, ...]:
    """``23:58:10``, ``399 d 23:58:10``; where that is too long ``399 d 23 h``; ``ended``."""
    if not row.ttl_known:
        return (Plain("–"),)
    if row.ttl_s is not None and row.ttl_s < 0:
        return (ENDED,)
    return countdown(row.ttl_s), *(() if row.ttl_s is None else (duration(row.ttl_s),))


def facts(row: SessionRow) -> Facts:
    """The details of a session, without repetition."""
    since = moment(row.created_at) if row.created_at else Plain("unknown")
    left = countdown(None) if row.ttl_s is None else ENDED if row.ttl_s < 0 else duration(row.ttl_s)
    fields = [(name, value) for name, value in row.fields[:FIELDS] if not _repeats(row, name, value)]
    return (
        (Plain("user"), plain(row.shown_user, 200)),
        (Plain("session"), plain(row.id, 20)),
        (Plain("role"), plain(row.role, 100) or Plain("–")),
        (Plain("since"), since),
        (Plain("expires in"), left if row.ttl_known else Plain("unknown")),
        (Plain("format"), plain(row.dialect, 60)),
        *(((Plain("last seen"), moment(row.last_seen_at)),) if row.last_seen_at else ()),
        *((Plain("signing out"), plain(also, 200)) for also in row.companions),
        *((plain(name, 40), plain(value, 400)) for name, value in fields),
    )


def recognition(row: SessionRow, known: Format | None) -> Facts:
    """How the format was recognised; nothing if it was not."""
    if known is None or not known.evidence:
        return ()
    sure = "" if known.is_certain else "likely: "
    return ((Plain("recognised by"), Plain(f"{sure}{plain(known.evidence, 200)}")),)


def formats(found: Sequence[Format]) -> list[Plain]:
    """``Flask-Session``; where not all sessions are in it ``Flask-Session: sess:*``, ``others: no known framework``."""
    patterns: dict[str, list[Plain]] = {}
    for one in found:
        patterns.setdefault(one.name, []).append(plain(one.keys, LONGEST_PATTERN))
    has_others = patterns.pop("", None) is not None
    if len(patterns) == 1 and not has_others:
        return [plain(name, 40) for name in patterns]
    named = [Plain(f"{plain(name, 40)}: {', '.join(keys)}") for name, keys in patterns.items()]
    return [*named, OTHERS] if named and has_others else named


def _repeats(row: SessionRow, name: str, value: str) -> bool:
    """Whether a field repeats the user, the role or the time of creation."""
    name = name.casefold()
    if name in ("role", "roles", "scope"):
        return value == row.role
    if name in ("created_at", "createdat", "created", "login_at", "iat") and row.created_at:
        return value in (str(row.created_at), str(int(row.created_at)), str(int(row.created_at * 1000)))
    return name in ("email", "username", "user", "user_name", "name", "login", "sub") and value == row.user
