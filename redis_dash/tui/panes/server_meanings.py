"""The meaning of each line of the server pane."""

from __future__ import annotations

from redis_dash.tui.text import Plain

MEANINGS = {
    Plain(name): Plain(text)
    for name, text in (
        (
            "cluster",
            "The servers of the cluster. Keys of a primary that is not reached are not seen: counts are lower bounds.",
        ),
        (
            "sentinel",
            "Sentinels that answer, and the server that they call the primary. Nothing is written unless they agree.",
        ),
        (
            "keys read of",
            "Replicas are read in place of their primaries, as --read-from-replicas says. They may not have all yet.",
        ),
        ("primary", "This replica receives nothing from its primary: its keys are as old as that."),
        ("operations", "Commands that the server carries out a second, by its own counter, without this dashboard's."),
        ("memory", "What the server uses, and the limit (maxmemory) from which on it evicts keys or refuses writes."),
        (
            "clients",
            "Open connections, this dashboard's among them. Waiting ones are in a blocking command such as BLPOP.",
        ),
        ("ping", "How long the server takes to answer PING, including the network both ways; the median of a few."),
        ("database", "The database that is watched, by its number, and others of this server that hold keys."),
        ("keys", "Keys in the database that is watched."),
        ("evicted", "Keys that the server has deleted because its memory was full, since its counters began."),
        ("expired", "Keys a second that are deleted because their time is over."),
        ("refused", "Connections refused because there were too many (maxclients), since the server's counters began."),
        (
            "our own cost",
            "What this dashboard takes of a core of the server: our commands measured, messages and sockets estimated.",
        ),
        ("our commands", "Commands of this dashboard that the server has run since it was started."),
        ("our errors", "Errors in this program itself. There should be none: please report it."),
        ("scan", "How far the running pass over all keys is. Figures of topics that need a scan come from it."),
        (
            "scan speed",
            "Keys a second, over 5 s with the scan's rests. It waits for its budget, and while the server is slow.",
        ),
        ("last pass", "How long the latest complete pass over all keys took, and how many there were."),
    )
}
