"""Keys are declared once, in the ``BINDINGS`` of app, dashboard and panes; footer, help and palette read them there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from textual.binding import Binding, BindingsMap, Keymap
from textual.dom import DOMNode
from textual.keys import format_key

EVERYWHERE = "Everywhere"
IN_A_PANE = "In a pane"
IN_KEYS = "In “What is in here?”"
ABOVE = "In a question, in details and in this help"

Entry = tuple[str, str]
"""A key or a word, and its meaning."""
Section = tuple[str, tuple[Entry, ...]]
"""A title and its entries."""

ZOOM_ID = "pane.zoom"
LEAVE_ID = "pane.leave"
CLEAR_ID = "pane.clear"
UNDO_ID = "app.undo"
FULL_SCAN_ID = "app.full_scan"
KEYS_ID = "app.keys"
DATABASE_ID = "app.database"

_NAMES = {"escape": "Esc", "pageup": "PgUp", "pagedown": "PgDn", "enter": "Enter"}
_FUNCTION_KEY = re.compile(r"f\d+")
_PLACEHOLDER = re.compile(r"\{([a-z_]+\.[a-z_\d]+)\}")


@dataclass(frozen=True)
class KeyHelp(Binding.Group):
    """How help, footer and palette show a binding, or several that belong together.

    ``description`` is the line of the help. ``{pane.leave}`` in it stands for the key of the binding with that id.
    """

    section: str = EVERYWHERE
    """The title in the help under which the line stands."""
    footer: str = ""
    """The word in the footer. Without a word there is no item."""
    priority: int = 0
    """The item of the highest number leaves the footer first; 0 always stays."""
    rank: int = 99
    """The place of the line in its section of the help: what a person needs first has the lowest number."""
    palette: str = ""
    """What the palette says beside the binding's description. Without a text it does not offer the binding."""


class HasUnusedBindings:
    """A class of which some bindings do nothing now."""

    @classmethod
    def unused_bindings(cls) -> frozenset[str]:
        """The ids of these bindings."""
        raise NotImplementedError


def key_name(key: str) -> str:
    """A key as the help writes it: ``Esc``, ``Ctrl+P``, ``F5``, ``?``."""
    *modifiers, last = key.split("+")
    name = _NAMES.get(last) or format_key(last)
    if last not in _NAMES:
        name = name.capitalize() if modifiers or len(name) > 1 else name
    return "+".join((*map(str.capitalize, modifiers), name))


def short_key_name(key: str) -> str:
    """A key as the footer writes it: ``esc``, ``^p``, ``F5``, ``?``."""
    if key.startswith("ctrl+"):
        return f"^{format_key(key.removeprefix('ctrl+'))}"
    name = key_name(key)
    return name if len(name) == 1 or _FUNCTION_KEY.fullmatch(key) else name.lower()


def _joined(names: Sequence[str], to: str) -> str:
    """``[ ]``; three or more that follow each other as a range: ``1-6``."""
    is_range = len(names) > 2 and all(len(name) == 1 for name in names)
    if is_range and [ord(name) - ord(names[0]) for name in names] == list(range(len(names))):
        return f"{names[0]}{to}{names[-1]}"
    return " ".join(dict.fromkeys(names))


def declared(owner: type[DOMNode]) -> Iterator[Binding]:
    """The bindings of a class that have a line in the help: its own first, then those that it inherits.

    A class may have a method ``unused_bindings`` that returns the ids of those that do nothing now.
    """
    unused = owner.unused_bindings() if issubclass(owner, HasUnusedBindings) else frozenset()
    for cls in owner.__mro__:
        for binding in vars(cls).get("BINDINGS", ()):
            if isinstance(binding, Binding) and isinstance(binding.group, KeyHelp) and binding.id not in unused:
                yield binding


def groups_of(owner: type[DOMNode]) -> tuple[KeyHelp, ...]:
    """The lines of the help that a class declares or inherits, in the order of its bindings."""
    return tuple(dict.fromkeys(binding.group for binding in declared(owner) if isinstance(binding.group, KeyHelp)))


class KeyTable:
    """The keys of all bindings under a keymap.

    Args:
        owners: The classes that declare bindings.
        keymap: What replaces their keys, by the id of the binding. Two bindings of one class on the same key: Textual
            drops the one that the keymap does not name.
    """

    def __init__(self, owners: Iterable[type[DOMNode]], keymap: Keymap) -> None:
        self.keymap = keymap
        self._keys: dict[str, list[str]] = {}
        self._ids: dict[KeyHelp, list[str]] = {}
        self._footer_names: dict[KeyHelp, str] = {}
        self._groups: dict[tuple[type[DOMNode], ...], tuple[KeyHelp, ...]] = {}
        for owner in owners:
            bindings = list(declared(owner))
            active = BindingsMap(bindings)
            active.apply_keymap(keymap)
            for binding in bindings:
                if isinstance(binding.group, KeyHelp) and binding.id is not None:
                    ids = self._ids.setdefault(binding.group, [])
                    ids += [binding.id] * (binding.id not in ids)
            for key, binding in active:
                keys = self._keys.setdefault(binding.id or "", [])
                keys += [key] * (key not in keys)

    def groups(self, *owners: type[DOMNode]) -> tuple[KeyHelp, ...]:
        """The groups that these classes declare or inherit, each once."""
        if owners not in self._groups:
            self._groups[owners] = tuple(dict.fromkeys(group for owner in owners for group in groups_of(owner)))
        return self._groups[owners]

    def keys(self, binding_id: str) -> tuple[str, ...]:
        """The keys of a binding, in Textual's names; empty if no key is left for it."""
        return tuple(self._keys.get(binding_id, ()))

    @property
    def all_keys(self) -> set[str]:
        """Every key that is bound."""
        return {key for keys in self._keys.values() for key in keys}

    def name(self, binding_id: str) -> str:
        """The first key of a binding as the help writes it."""
        return next(map(key_name, self.keys(binding_id)), "–")

    def footer_key(self, binding_id: str) -> str:
        """As ``short_name``, but empty if no key is left."""
        return next(map(short_key_name, self.keys(binding_id)), "")

    def short_name(self, binding_id: str) -> str:
        """The first key of a binding as the footer writes it."""
        return next(map(short_key_name, self.keys(binding_id)), "–")

    def ids(self, group: KeyHelp) -> Sequence[str]:
        """The ids of the bindings in a group."""
        return self._ids.get(group, ())

    def footer_name(self, group: KeyHelp) -> str:
        """The first key of each binding in a group, for the footer: ``1-6``, ``[ ]``; empty without any key."""
        if group not in self._footer_names:
            names = [short_key_name(keys[0]) for each in self.ids(group) if (keys := self.keys(each))]
            self._footer_names[group] = _joined(names, "-")
        return self._footer_names[group]

    def help_name(self, group: KeyHelp) -> str:
        """All keys of a group, for the help: ``1 … 6``, ``↑ ↓  k j``; empty without any key."""
        held = [tuple(map(key_name, self.keys(each))) for each in self.ids(group)]
        columns = range(max(map(len, held), default=0))
        joined = (_joined([names[i] for names in held if i < len(names)], " … ") for i in columns)
        return "  ".join(dict.fromkeys(joined))

    def explain(self, text: str) -> str:
        """A text with the keys in it: ``{pane.leave} leaves`` becomes ``Esc leaves``."""
        return _PLACEHOLDER.sub(lambda found: self.name(found[1]), text)

    def hint(self, text: str) -> str:
        """As ``explain``; empty if a key in it is not bound, since then there is nothing to press."""
        return self.explain(text) if all(map(self.keys, _PLACEHOLDER.findall(text))) else ""
