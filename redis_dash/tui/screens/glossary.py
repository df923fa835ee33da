"""What the help says: keys, and every word and sign that stands on the screen."""

from __future__ import annotations

Entry = tuple[str, str]

KEYS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "Everywhere",
        (
            ("1 … 6", "go to a pane"),
            ("Tab  Shift+Tab", "next, previous pane"),
            ("z", "let the pane fill the screen; Esc leaves"),
            ("F5", "scan everything now, at full speed; F5 or Esc stops"),
            ("u", "bring back the session that was deleted last"),
            ("Ctrl+P", "command palette: everything by name, themes"),
            ("?", "this help"),
            ("q  Ctrl+C", "quit; Ctrl+Z stops it as a job of the shell, fg comes back"),
        ),
    ),
    (
        "In a pane",
        (
            ("↑ ↓  k j", "move the cursor; from then on it stays with its row while rows move"),
            ("Home  g", "first row; the cursor stays there, whichever row that is"),
            ("PgUp PgDn  End G", "screenfuls, last row; Leaderboard: also through the pages of a large one"),
            ("/", "filter the listed rows, sessions by anything that their details show; Enter keeps it"),
            ("/ … Enter", "Sessions: where not all are listed, search all by user, field or beginning of the id;"),
            ("", "Leaderboard: go to the member of that name, wherever it stands"),
            ("Space", "let the pane stand still, or go on"),
            ("Enter", "everything about the row, kept up to date"),
            ("r", "Sessions: delete the selected one, to sign out whoever it is, after a question"),
            ("f  End", "Events: follow the end again"),
            ("[  ]", "Leaderboard: previous, next board"),
        ),
    ),
    (
        "Esc takes back one thing at a time, the nearest first",
        (
            ("1", "what lies above: a question, details, this help"),
            ("2", "the filter of the pane"),
            ("3", "Sessions: the search (it stops, then it goes); Leaderboard: the page (back to the top)"),
            ("4", "the full scan or the search that is under way"),
            ("5", "the zoom"),
        ),
    ),
)

WORDS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "How sure a figure is, and how old (lower right)",
        (
            ("exact", "nothing can have changed since it was counted"),
            ("live", "read just now; no scan is needed for it"),
            ("just counted", "all keys were counted a moment ago; some may have come or gone since"),
            ("counted 8 min ago", "all keys were counted then; some may have come or gone since"),
            ("12 % scanned", "estimated from the part of the keys that was looked at so far; F5 looks at all"),
            ("1.01 M ± 1 %", "an estimate; 95 times of 100 the true number is no more than 1 % away"),
            ("27–41  ~412 k", "between these two; about so many"),
            ("1,204+  at least", "so many were seen; there may be more"),
            ("none seen yet", "none in the part that was looked at so far: that is not none"),
            ("–", "not known"),
            ("3 s old", "when the figures were read"),
            ("paused 9 s", "the pane stands still and shows what was read then; Space goes on"),
            ("stale 7 s", "the server is away, slow or refuses; what is shown was read then"),
            ("reduced", "something is missing, left out or mixed in; it says what"),
            ("off", "this server does not let us read it; it says why"),
            ("error", "it could not be read; it says why"),
            ("reading…", "nothing has been read yet"),
        ),
    ),
    (
        "Signs",
        (
            ("+2  +2 columns", "so many more found no room; z may make some"),
            ("1–12 of 40 listed", "which of the listed rows are visible; more are counted than listed"),
            ("filter  3 found", "the text that rows must hold to be listed; how many do"),
            ("searching 41 %", "among all sessions; so much of the keys was looked at. Esc stops"),
            ("▸", "the cursor"),
            ("!  !3", "in a tab: messages are lost or the server is in trouble; so many clients are blocked"),
            ("▼  ~  ✖", "in a tab: the hit rate falls; stale; error"),
        ),
    ),
    (
        "Events",
        (
            ("84/s", "messages a second, over the last seconds"),
            ("received", "messages that came since this dashboard was started"),
            ("dropped", "messages that came in part, or as nonsense: lost"),
            ("sharded", "channels of SPUBLISH: nobody but SSUBSCRIBE hears them"),
            ("gap", "a time without connection: what was published then is unknown"),
            ("paused · 12 new", "you scrolled back or paused; so many came since. End follows again"),
            ("left the ring", "messages that were counted and are too old to be read again"),
        ),
    ),
    (
        "Sessions",
        (
            (
                "user  role",
                "what the application has written into the session; (unnamed) if no known field says",
            ),
            ("(not readable)", "the value is in no form that is known here, or we may not read it"),
            ("id", "the beginning of the session's id; the rest would let its reader in, so it is hidden"),
            ("time left", "until the session's key expires; the bar is its share of the longest time seen"),
            ("never", "its key does not expire"),
            ("(hidden)", "a secret, or what would let its reader in"),
            (
                "Not known",
                "the answer to a sign-out was lost: whether the session is there is looked up as soon as possible",
            ),
            ("listed", "those with most time left, those that never end last; / … Enter searches among all"),
        ),
    ),
    (
        "Rate limits",
        (
            ("client", "whom the limit counts: an address, a user, an API key"),
            ("used", "requests in the limit's window, of those allowed"),
            ("150 held", "without a known limit: all entries that the client's key holds, of any age"),
            (
                "blocked, 41 s",
                "for that time all are used that the limit allows, which is the one given by --limit",
            ),
            ("near", "80 % of the limit or more is used"),
            ("falls in 12 s", "then requests leave the window, and fewer are used"),
            ("falling", "that happens within 5 seconds"),
            ("state", "one of these; nothing where no request is due to leave"),
            ("limit not known", "Redis holds no limit; name it with --limit to see who is blocked"),
        ),
    ),
    (
        "Leaderboard",
        (
            ("rank  score", "1 has the highest score"),
            ("member", "who or what the board ranks"),
            ("move  ▲2  ▼1", "places won, lost in the last minute; new: came into view"),
        ),
    ),
    (
        "Cache",
        (
            ("hit rate  now", "lookups that found something: since counting began; over the last seconds"),
            ("hits  misses", "lookups that found something, that found nothing"),
            ("since start", "since the server was started, or its counters reset before this dashboard came;"),
            ("", "a time of day: its counters were reset then"),
            ("lookups taken off", "what this dashboard has looked up itself does not count"),
            ("keys", "answers in the cache, as the scan has counted or estimated them"),
            ("cache", "its name, as in --cache"),
        ),
    ),
    (
        "Server, and the first line (Enter on a line of the pane explains it)",
        (
            ("ops/s", "commands that the server carries out a second, without this dashboard's"),
            ("clients", "open connections, this dashboard's among them"),
            ("ping", "how long the server takes to answer"),
            ("our cost", "what watching takes of one of the server's cores"),
            ("scan  pass", "looking at the name of every key; once through all of them is a pass"),
            ("held back", "the server answers slowly, so the scan goes slower"),
            ("at full speed", "somebody pressed F5"),
            ("evicting", "the server deletes keys because its memory is full"),
            ("disconnected", "there is no connection; it is tried again and again"),
            ("not receiving", "Events: their own connection is lost; it is tried again and again"),
        ),
    ),
    (
        "Colours",
        (
            ("red", "blocked, lost or failed"),
            ("amber", "near a limit, falling, stale, or not complete"),
            ("blue", "the pane with the keyboard; bars that only measure"),
            ("grey", "not current, or of lesser weight"),
        ),
    ),
)
