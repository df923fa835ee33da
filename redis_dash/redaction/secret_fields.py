"""Detects secrets: fields with secret names, tokens, card and account numbers, and repeated session ids."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from urllib.parse import unquote

HIDDEN = "(hidden)"

_PARTS = (
    r"token|secret|passw|pass[_.-]?(phrase|code|key)|csrf|xsrf|api[_.-]?key|private|jwt|credential|cookie|bearer"
    r"|signature|sess(ion)?[_.-]?(id|key)|authori[sz]ation|auth[_.-]?(key|code|hash|header)|card[_.-]?num"
)
"""Secret anywhere in a name."""
_WORDS = frozenset(
    {"csc", "cvc", "cvv", "hash", "hashed", "iban", "nonce", "otp", "pin", "pwd", "salt", "sid", "sig", "totp"}
)
"""Secret only as whole words: "pin" also occurs in "shipping"."""
_LAST_WORDS = frozenset({"auth", "card", "oauth", "pan", "session", "sessions"})
"""Secret only as the last word: "auth" is a secret, "auth_user_id" is not; likewise "card" and "card_brand"."""
_BETWEEN_WORDS = r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"

_HEADER = r"^(Bearer|Basic)\s+\S"
_EDGE = r"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=%[0-9A-Fa-f]{2}))"
"""Where a token begins: also after an escape sequence of JSON or of a URL."""
_COUNTRIES = (
    "AD AE AL AT AZ BA BE BG BH BI BR BY CH CR CY CZ DE DJ DK DO EE EG ES FI FK FO FR GB GE GI GL GR GT HN HR HU IE IL"
    " IQ IS IT JO KW KZ LB LC LI LT LU LV LY MC MD ME MK MN MR MT MU NI NL NO OM PK PL PS PT QA RO RS RU SA SC SD SE SI"
    " SK SM SO ST SV TL TN TR UA VA VG XK YE"
)
"""Countries that have IBANs."""
_TOKENS = rf"""
    (?<=-----BEGIN\ )[A-Z\ ]*PRIVATE\ KEY-----.*+
    | {_EDGE}(?:
        eyJ[\w-]{{8,}}+\.[\w-]++\.[\w-]*+
        | [rs]k_(?:live|test)_\w{{6,}}+ | gh[oprsu]_\w{{10,}}+ | github_pat_\w{{10,}}+ | glpat-[\w-]{{8,}}+
        | xox[abeprs]-[\w-]{{8,}}+ | A[KS]IA[A-Z0-9]{{12,}}+ | AIza[\w-]{{20,}}+
        | (?<!\d\.)(?P<card>
            [2-6](?:\d{{12,18}}|\d{{3}}([ -])\d{{4}}\2\d{{4}}\2\d{{4}}(?:\2\d{{3}})?|\d{{3}}([ -])\d{{6}}\3\d{{4,5}})
        )(?![A-Za-z0-9]|\.\d)
        | (?P<iban>
            (?:{"|".join(_COUNTRIES.split())})\d\d(?:[A-Z0-9]{{11,30}}|(?:\ [A-Z0-9]{{4}}){{2,7}}(?:\ [A-Z0-9]{{1,3}})?)
        )(?![A-Za-z0-9])
    )
    """
"""Secrets that are recognised by their form: private keys, JSON web tokens, keys of well-known services, and numbers of
cards and bank accounts, whose check digits are verified."""
_MAY_HOLD = (
    r"[A-Zegrsx\d](?:RIVATE KEY|yJ|k_[lt]|h[oprsu]_|ithub_pat_|lpat-|ox[a-z]-|[KS]IA|Iza"
    r"|\d{12}|\d{3}[ -]\d{4}|[A-Z]\d\d(?: ?[A-Z0-9]){11})"
)
"""A quick test that finds every text with such a secret and few others; the first letters are one class, for speed."""
_CARDS = (
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|35\d{14}"
    r"|6(?:011|2\d\d|4[4-9]\d|5\d\d)\d{12,15}|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{9,15}"
)
"""Prefixes and lengths of card numbers: few timestamps, counters and large ids have the same form."""
SHORTEST = 13
"""Characters of the shortest such secret, a card number."""
_SHORT = 6
"""Characters. A shorter id occurs in many words, so it is searched as a whole word."""
_TOKEN_LENGTH = 16


@lru_cache(maxsize=1024)  # the same few names, over and over
def is_secret(name: str) -> bool:
    """Whether a field with this name holds a secret."""
    if re.search(_PARTS, name, re.IGNORECASE) is not None:  # compiled at the first use, for a quick start
        return True
    words = [word.rstrip("0123456789").lower() for word in re.split(_BETWEEN_WORDS, name) if word]
    return bool(words) and (words[-1] in _LAST_WORDS or not _WORDS.isdisjoint(words))


def is_token(text: str) -> bool:
    """Whether a text holds a secret that is recognised by its form."""
    return re.search(_HEADER, text) is not None or hide_tokens(text) != text


def hide_tokens(text: str) -> str:
    """The text without secrets that are recognised by their form."""
    if len(text) < SHORTEST:
        return text
    may_hold, tokens = _patterns()
    if may_hold.search(text) is None:  # nearly always
        return text
    return tokens.sub(lambda found: HIDDEN if _is_one(found) else found[0], text)


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Compile the patterns at the first use, for a quick start."""
    return re.compile(_MAY_HOLD), re.compile(_TOKENS, re.VERBOSE | re.DOTALL)


def _is_one(found: re.Match[str]) -> bool:
    """Whether the check digits are right, with or without the last group, which may be an unrelated word."""
    if found["card"]:
        groups = re.split("[ -]", found["card"])
        return is_card("".join(groups)) or is_card("".join(groups[:4]))
    if found["iban"]:
        groups = found["iban"].split(" ")
        return any(_is_account("".join(groups[:end])) for end in {len(groups), max(1, len(groups) - 1)})
    return True


def _is_account(text: str) -> bool:
    return int("".join(str(int(char, 36)) for char in text[4:] + text[:4])) % 97 == 1


def is_card(digits: str) -> bool:
    """Whether it is a card number: by its prefix, its length and its check digit (Luhn)."""
    if re.fullmatch(_CARDS, digits) is None:
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


class SessionSecret:
    """The id of one session, recognised in any form in which the application writes it.

    Case, punctuation and percent escapes make no difference: ``s%3Aab-c1.signature`` holds ``ABC1``. A long last
    part of an id counts as the whole, ``user7:2f9c…``, and so does the signed part of ``s:2f9c….signature``. Two
    thirds of an id count as the whole, since it may have a prefix of the application, ``x2f9c…``.
    """

    def __init__(self, identifier: bytes) -> None:
        whole = identifier.decode("utf-8", "backslashreplace")
        *_, last = re.split(r"[:/|]", unquote(whole))
        parts = [part for part in (last, last.split(".")[0]) if len(part) >= _TOKEN_LENGTH]
        self._whole = whole if len(whole) >= _SHORT else ""
        if len(last) >= _TOKEN_LENGTH and re.search(r"\d", last[len(last) // 3 :]):
            parts.append(last[len(last) // 3 :])
        self._last = last
        self._forms = tuple({form for form in map(_bare, (whole, *parts)) if len(form) >= _SHORT})
        self._least = min(map(len, self._forms), default=0)
        self._word = rf"(?<![^\W_]){re.escape(whole)}(?![^\W_])" if whole and not self._whole else ""

    def is_in(self, text: str) -> bool:
        """Whether the text reveals the id."""
        if self._word:
            return re.search(self._word, unquote(text)) is not None
        if self._whole and self._whole in text:
            return True
        if _SHORT <= len(text) < len(self._last) <= 2 * len(text) and text in self._last and re.search(r"\d", text):
            return True
        if not self._forms or len(text) < self._least:
            return False
        bare = _bare(text)
        return any(form in bare for form in self._forms)


def _bare(text: str) -> str:
    """Only letters and digits, percent escapes decoded (twice, since a signed cookie may be quoted again)."""
    if "%" in text:
        text = unquote(unquote(text))
    return re.sub(r"[\W_]+", "", text).casefold()
