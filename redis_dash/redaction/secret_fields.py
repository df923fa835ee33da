"""What must not be shown: fields whose names tell of a secret, and a session's id wherever it is repeated."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from urllib.parse import unquote

HIDDEN = "(hidden)"

_PARTS = (
    r"token|secret|passw|pass[_.-]?(phrase|code|key)|csrf|xsrf|api[_.-]?key|private|jwt|credential|cookie|bearer"
    r"|signature|sess(ion)?[_.-]?(id|key)|authori[sz]ation|auth[_.-]?(key|code|hash|header)|card[_.-]?num"
)
"""Found anywhere in a name."""
_WORDS = frozenset(
    {"csc", "cvc", "cvv", "hash", "hashed", "iban", "nonce", "otp", "pin", "pwd", "salt", "sid", "sig", "totp"}
)
"""Only as a word of their own: "pin" is no part of "shipping"."""
_LAST_WORDS = frozenset({"auth", "card", "oauth", "pan", "session", "sessions"})
"""Only at the end: "auth" is a secret, "auth_user_id" tells who it is; so are "card" and "card_brand"."""
_BETWEEN_WORDS = r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"

_HEADER = r"^(Bearer|Basic)\s+\S"
_EDGE = r"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=%[0-9A-Fa-f]{2}))"
"""Where a token begins: also behind what JSON or a URL has escaped."""
_COUNTRIES = (
    "AD AE AL AT AZ BA BE BG BH BI BR BY CH CR CY CZ DE DJ DK DO EE EG ES FI FK FO FR GB GE GI GL GR GT HN HR HU IE IL"
    " IQ IS IT JO KW KZ LB LC LI LT LU LV LY MC MD ME MK MN MR MT MU NI NL NO OM PK PL PS PT QA RO RS RU SA SC SD SE SI"
    " SK SM SO ST SV TL TN TR UA VA VG XK YE"
)
"""That have IBANs."""
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
"""What tells itself, whatever it is called: private keys, JSON web tokens, keys of well-known services, and numbers of
cards and bank accounts, whose check digits are to be looked at."""
_MAY_HOLD = (
    r"[A-Zegrsx\d](?:RIVATE KEY|yJ|k_[lt]|h[oprsu]_|ithub_pat_|lpat-|ox[a-z]-|[KS]IA|Iza"
    r"|\d{12}|\d{3}[ -]\d{4}|[A-Z]\d\d(?: ?[A-Z0-9]){11})"
)
"""Found in every text with one of them, and in hardly any other; with the first letters in one place, for speed."""
_CARDS = (
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|35\d{14}"
    r"|6(?:011|2\d\d|4[4-9]\d|5\d\d)\d{12,15}|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{9,15}"
)
"""How card numbers begin, and how long they are: few times, counters and large ids look like that."""
SHORTEST = 13
"""Characters of the shortest of them, which is a card's number."""
_SHORT = 6
"""Characters: a shorter id is a part of many words, and is looked for as a word of its own."""
_TOKEN_LENGTH = 16


@lru_cache(maxsize=1024)  # the same few names, over and over
def is_secret(name: str) -> bool:
    """Whether a field of this name holds what lets its bearer in."""
    if re.search(_PARTS, name, re.IGNORECASE) is not None:  # `re` compiles it at the first use: a quick start
        return True
    words = [word.rstrip("0123456789").lower() for word in re.split(_BETWEEN_WORDS, name) if word]
    return bool(words) and (words[-1] in _LAST_WORDS or not _WORDS.isdisjoint(words))


def is_token(text: str) -> bool:
    """Whether a text is, or holds, a token that can be told by its looks, whatever it is called."""
    return re.search(_HEADER, text) is not None or hide_tokens(text) != text


def hide_tokens(text: str) -> str:
    """The text without what can be told by its looks."""
    if len(text) < SHORTEST:
        return text
    may_hold, tokens = _patterns()
    if may_hold.search(text) is None:  # nearly always
        return text
    return tokens.sub(lambda found: HIDDEN if _is_one(found) else found[0], text)


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Compiled at the first use: a quick start."""
    return re.compile(_MAY_HOLD), re.compile(_TOKENS, re.VERBOSE | re.DOTALL)


def _is_one(found: re.Match[str]) -> bool:
    """Whether the check digits are right; what is written in groups may have a word behind it that looks like one."""
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
    """Whether it is the number of a card: by its beginning, its length and its check digit (Luhn)."""
    if re.fullmatch(_CARDS, digits) is None:
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


class SessionSecret:
    """What lets the bearer of one session in, recognised however the application writes it.

    Capitals, punctuation and percent signs make no difference: ``s%3Aab-c1.signature`` holds ``ABC1``. A long last
    part of an id counts as the whole, ``user7:2f9c…``, and so does what is signed in ``s:2f9c….signature``. Of an id
    with a prefix of the application's in it, ``x2f9c…``, the better part counts as the whole.
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
        """Would the text give it away?"""
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
    """Letters and digits alone, percent signs resolved (twice: a signed cookie may be quoted again)."""
    if "%" in text:
        text = unquote(unquote(text))
    return re.sub(r"[\W_]+", "", text).casefold()
