"""A text in signs that rules can be written for, letter for letter: finds lie at the same place in both."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_ALIKE = str.maketrans(
    {
        **dict.fromkeys(
            "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t", " "
        ),
        **dict.fromkeys(
            "\u200b\u200c\u200d\u200e\u200f\u061c\u2060\ufeff\u2066\u2067\u2068\u2069\u202a\u202b\u202c", " "
        ),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-"),
        **dict.fromkeys("’‘ʼ´`", "'"),
        "\uff0b": "+",
        "\uff20": "@",
    }
)


def plain(text: str) -> str:
    """Return `text` with the digits of any script as 0 to 9 and spaces, dashes and apostrophes of one shape.

    It has as many characters as `text`.
    """
    if text.isascii():
        return text.replace("\t", " ")
    return "".join(map(_digit, text.translate(_ALIKE)))


def _digit(sign: str) -> str:
    return str(unicodedata.digit(sign)) if sign.isdecimal() else sign


@lru_cache(maxsize=8192)
def folded(word: str) -> str:
    """Return a word as lists hold it: in lower case, without accents; Arabic with one alef, ya and ha."""
    bare = (sign for sign in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(sign))
    return "".join(bare).translate(_ARABIC)


_ARABIC = str.maketrans("أإآٱىةؤئ", "اااايهوي", "ـ")
