"""What can be chosen for a kind of keys: its name, the pane that shows it, to ignore it; or why nothing can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from redis_dash.core.choices import CHOSEN_FORMATS, CHOSEN_TOPICS, YES, Choose, Setting
from redis_dash.core.frames.keys import KeyKind
from redis_dash.core.globs import Glob
from redis_dash.tui.intents import Answer, Field, Form, Options
from redis_dash.tui.text import Plain, plain

LONGEST_NAME = 40
_HIDDEN = Plain("A part of this pattern is hidden, since it may be an id or a token: nothing is remembered for it.")
_BY_TYPE: Mapping[str, Sequence[str]] = {
    "zset": ("leaderboards", "rate_limits", "cache"),
    "string": ("sessions", "rate_limits", "cache"),
    "hash": ("sessions", "rate_limits", "cache"),
}
"""The topics that keys of a type may be of; keys of other types may be a cache."""


def name_form(kind: KeyKind) -> Form | Plain:
    """The form for the user's own name of a kind."""
    if not kind.pattern:
        return _HIDDEN

    def read(values: tuple[str, ...]) -> Answer | Plain:
        name = values[0]
        if len(name) > LONGEST_NAME or plain(name) != name:
            return Plain(f"A name has at most {LONGEST_NAME} characters, all of them visible.")
        done = f"{_short(kind)} is called {name}." if name else f"{_short(kind)} has no name of its own."
        return _answer(kind, "name", name, done)

    about = (Plain("A name of your own, which is shown before the pattern:"), plain(kind.name, 200))
    field = Field(Plain("name"), plain(kind.own_name, LONGEST_NAME), Plain("for example Carts"))
    return Form(Plain("Name this kind of keys"), about, (field,), read, hint=Plain("an empty name removes it"))


def topic_options(kind: KeyKind, panes: Mapping[str, str]) -> Options | Plain:
    """The panes that can show the keys.

    Args:
        panes: The key and the name of each topic's pane.
    """
    if not kind.pattern:
        return _HIDDEN
    if kind.is_ignored:
        return Plain("This kind is ignored: show it again first.")
    shown = [panes[topic] for topic, names in kind.watched if names == kind.names and topic in panes]
    if shown and not kind.chosen_topic:
        return Plain(f"{shown[0]} shows these keys already.")
    types = [name for name, _ in kind.types]
    fitting = [topic for topic in CHOSEN_TOPICS if all(topic in _BY_TYPE.get(one, ("cache",)) for one in types)]
    answers = [
        (plain(panes[topic]), _pane_answer(kind, topic, panes[topic]))
        for topic in fitting
        if topic in panes and topic != kind.chosen_topic
    ]
    if kind.chosen_topic:
        gone = _answer(kind, "topic", "", f"{_short(kind)} is no longer chosen for a pane.")
        answers.append((Plain("no pane: take back what was chosen"), gone))
    if not answers:
        return Plain("No pane can show keys of this type.")
    about = (plain(kind.name, 200), Plain(f"type: {plain('/'.join(types), 60) or 'not known'}"))
    return Options(Plain("Which pane is to show these keys?"), about, tuple(answers))


def ignore_answer(kind: KeyKind) -> Answer | Plain:
    """The choice to ignore a kind, or to show it again."""
    if not kind.pattern:
        return _HIDDEN
    if kind.is_ignored_by_settings:
        return Plain("config.toml ignores this kind: change it there.")
    if kind.is_ignored:
        return _answer(kind, "ignored", "", f"{_short(kind)} is shown again.")
    is_pattern = not Glob.of(kind.pattern).is_literal
    of_sessions = any(one.topic == "sessions" for one in kind.recognised) or "sessions" in dict(kind.watched)
    if of_sessions and is_pattern:
        return Plain("Sessions cannot be ignored: their ids must be known, so that they are hidden everywhere.")
    return _answer(kind, "ignored", YES, f"{_short(kind)} is ignored, here and in all panes.")


def _pane_answer(kind: KeyKind, topic: str, pane: str) -> Answer:
    """The pane for a kind; sessions are read by their fields if all keys that were looked at are hashes."""
    types = [name for name, _ in kind.types]
    format_ = types[0] if topic == "sessions" and len(types) == 1 and types[0] in CHOSEN_FORMATS else ""
    return Answer(Choose(kind.pattern, "topic", topic, format_), Plain(f"{pane} shows {_short(kind)}."))


def _answer(kind: KeyKind, setting: Setting, value: str, done: str) -> Answer:
    return Answer(Choose(kind.pattern, setting, value), Plain(done))


def _short(kind: KeyKind) -> Plain:
    return plain(kind.name, 60)
