"""Masks known session ids that an application repeats in messages and in names of channels, clients or members."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from redis_dash.core.base64_text import BASE64_TEXT, decoded
from redis_dash.core.credential import mask_text
from redis_dash.core.id_fragments import LEAST, IdFragments
from redis_dash.core.id_parts import SHORTEST, Kind, parts_of, random_runs
from redis_dash.core.named_ids import mask_after_session, mask_id_fields
from redis_dash.core.similar_ids import SimilarIds

MOST = 8000
"""The most ids that are known at once; some are of ended sessions, since these may be restored."""
_ESCAPE = r"%(?:25)*+[0-9A-Fa-f]{2}|\\++u[0-9A-Fa-f]{4}"
"""An escaped character of a URL or of JSON. It is no part of an id: letters and digits are not escaped."""
_RUN = re.compile(rf"[A-Za-z0-9_-]{{{LEAST},}}")
_ESCAPED_RUN = re.compile(rf"[A-Za-z0-9_%\\+/-]{{{LEAST},}}")
"""Also with the characters of escape sequences and of ordinary base64, for ids that have such characters within."""
_NOT_BARE = re.compile(rf"{_ESCAPE}|[\W_]++")
_BARE = re.compile(rf"({_NOT_BARE.pattern})|[A-Za-z0-9]++")
_PUNCTUATION = str.maketrans("", "", "_+/-")
_LONG = re.compile(rf"({_ESCAPE}|\\++[bfnrt/]|[%\\+/]++)|[A-Za-z0-9_-]++")
_PIECE = re.compile(r"[A-Za-z0-9]{12,}")
_WORD = re.compile(rf"((?<=%)(?:25)*+[0-9A-Fa-f]{{2}}|(?<=\\)[bfnrt])?+([A-Za-z0-9_-]{{{SHORTEST},}})")
"""A word, with the escape sequence of a URL or of JSON before it, if there is one."""
_SHORT_PIECE = re.compile(rf"[A-Za-z0-9]{{{SHORTEST},}}")
_MAY_BE_ESCAPED = re.compile(rb"[+/%]")
_LEAST_BASE64 = 16
_BLOB = re.compile(rf"[A-Za-z0-9_%\\+/-]{{{_LEAST_BASE64},}}")
"""So much base64 may hold an id of a session that was not read yet."""
_HALF_ESCAPE = re.compile(r"[\\%].*+")
_QUOTE = re.compile(r'(?<!\\)"')


class KnownIds:
    """Masks ids in text. Each word of the text is looked up, so the cost does not depend on the number of ids."""

    def __init__(self) -> None:
        self._ids: dict[bytes, tuple[str, ...]] = {}
        """The parts of each id. The most recently added id is the last."""
        self._parts: dict[str, Kind] = {}
        self._holders: dict[str, int] = {}
        """How many ids have this part, where there are several: ``2f9c…:data`` and ``2f9c…:cart``."""
        self._fragments = IdFragments()
        self._similar = SimilarIds()
        self._kinds: set[Kind] = set()
        self._run = _RUN
        self.version = 0
        """Changes when text may be masked differently."""

    def __repr__(self) -> str:
        return f"KnownIds({len(self._ids)})"

    def add(self, identifiers: Iterable[bytes]) -> None:
        """Add ids; the oldest ones are dropped if there are too many."""
        for identifier in identifiers:
            parts = self._ids.pop(identifier, None)
            self._ids[identifier] = self._learn(identifier) if parts is None else parts
        while len(self._ids) > MOST:
            for part in self._ids.pop(next(iter(self._ids))):
                self._drop(part)

    def _learn(self, identifier: bytes) -> tuple[str, ...]:
        kind, parts = parts_of(identifier)
        self._kinds.add(kind)
        if kind == "random":
            for run in random_runs(identifier):
                self._similar.add(run)
        if kind == "long" or _MAY_BE_ESCAPED.search(identifier):
            self._run = _ESCAPED_RUN
        for part in parts:
            if part in self._parts:
                self._holders[part] = self._holders.get(part, 1) + 1
                continue
            self.version += 1
            self._parts[part] = kind
            if kind == "random":
                self._fragments.add(part)
        return parts

    def _drop(self, part: str) -> None:
        others = self._holders.pop(part, 1) - 1
        if others > 1:
            self._holders[part] = others
        if not others and self._parts.pop(part) == "random":
            self._fragments.discard(part)

    def mask(self, text: str) -> str:
        """The text with all known ids masked: ``login aaaa… ok``."""
        if "random" in self._kinds or "long" in self._kinds:
            text = self._run.sub(self._masked_run, text)
        text = _WORD.sub(self._masked_word, text) if "short" in self._kinds else text
        return mask_after_session(text, self._is_known)

    def mask_alike(self, text: str, *, unsure: bool) -> str:
        """The name of a client or a member with all words masked that look like ids of sessions, known or not.

        In messages it would mask too much: the number of an order may look like the id of a session.

        Args:
            unsure: not all ids have been added yet.
        """

        def may_hold_id(text: str) -> bool:
            return self._similar.mask(text, unsure=unsure) != text

        text = _BLOB.sub(lambda found: _without_base64(found[0], may_hold_id), text)
        return self._similar.mask(text, unsure=unsure)

    def mask_payload(self, payload: bytes, channel: bytes, *, has_sessions: bool = True) -> bytes:
        """A message with all known ids masked, also those that only its channel and its type let us recognise.

        Base64 is also masked if it holds a word that looks generated: the message may come before its session is read,
        and base64 is nothing that people read.

        Args:
            has_sessions: there may be sessions that were not read yet.
        """
        text = payload.decode("utf-8", "surrogateescape")
        masked = self.mask(mask_id_fields(text, channel, self._is_known))
        if has_sessions:
            masked = _BLOB.sub(lambda found: _without_base64(found[0], self._may_hold_id), masked)
        return payload if masked == text else masked.encode("utf-8", "surrogateescape")

    def mask_bytes(self, raw: bytes) -> bytes:
        """As ``mask``, for bytes."""
        return self.mask(raw.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def _is_known(self, word: str) -> bool:
        return word in self._parts

    def _masked_run(self, found: re.Match[str]) -> str:
        run = found[0]
        masked = self._without_random(run) or run
        if "long" in self._kinds:
            masked = _LONG.sub(self._masked_long, masked)
        if masked != run:
            return f'"{masked}"' if run.isdecimal() and _is_json_number(found) else masked
        if len(run) < _LEAST_BASE64 or run.islower():  # so much base64 has capital letters
            return run
        return _without_base64(run, self._has_known)

    def _without_random(self, run: str) -> str:
        """The run with all random ids masked; empty if it holds none."""
        is_escaped = "%" in run or "\\" in run
        bare = (_NOT_BARE.sub("", run) if is_escaped else run.translate(_PUNCTUATION)).lower()
        if not is_escaped and bare in self._parts and self._parts[bare] == "random":
            return _mask(run)
        spans = list(self._fragments.find(bare))
        if not spans:
            return ""
        pieces = (piece for piece in _BARE.finditer(run) if piece[1] is None)
        places = [place for piece in pieces for place in range(*piece.span())]
        parts, at = list[str](), 0
        for begin, end in spans:
            parts += run[at : places[begin]], _mask(run[places[begin] : places[end - 1] + 1])
            at = places[end - 1] + 1
        return "".join((*parts, run[at:]))

    def _has_known(self, text: str) -> bool:
        return self._run.sub(self._masked_run, text) != text

    def _may_hold_id(self, text: str) -> bool:
        """Whether a word of the text may be an id, of whatever form."""
        return self._similar.mask(text, unsure=True) != text

    def _masked_long(self, piece: re.Match[str]) -> str:
        if piece[1] is not None:
            return piece[0]
        return self._masked_if("long", piece[0]) or _PIECE.sub(
            lambda found: self._masked_if("long", found[0]) or found[0], piece[0]
        )

    def _masked_word(self, word: re.Match[str]) -> str:
        if masked := self._masked_if("short", word[0]):
            return masked
        if masked := self._masked_if("short", word[2]):
            return (word[1] or "") + masked
        return _SHORT_PIECE.sub(lambda found: self._masked_if("short", found[0]) or found[0], word[0])

    def _masked_if(self, kind: Kind, word: str) -> str:
        """The mask of a word that is a part of this kind; empty if it is none."""
        return _mask(word) if self._parts.get(word) == kind else ""


def _without_base64(run: str, holds_id: Callable[[str], bool]) -> str:
    """The run; only its beginning if it holds an id once its base64 is decoded."""
    plain = unquote(unquote(run)).replace("\\", "") if "%" in run or "\\" in run else run
    if any(holds_id(decoded(piece[0])) for piece in BASE64_TEXT.finditer(plain)):
        end = run.rstrip("\\")  # these escape what follows
        return _mask(end) + run[len(end) :]
    return run


def _mask(text: str) -> str:
    """The mask of a part of a text; no half of an escape sequence remains, with which JSON would be JSON no more."""
    return _HALF_ESCAPE.sub("…", mask_text(text))


def _is_json_number(found: re.Match[str]) -> bool:
    """Whether a number stands for a value in JSON, so that its mask must be in quotes."""
    before, after = found.string[: found.start()], found.string[found.end() :]
    is_value = before.rstrip()[-1:] in (":", ",", "[") and after.lstrip()[:1] in (",", "]", "}")
    return before[:1] in ("{", "[") and is_value and len(_QUOTE.findall(before)) % 2 == 0
