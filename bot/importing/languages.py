"""The languages of a form: what its columns call them, and which of them the bot speaks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from babel import Locale

from bot.importing.workbook import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.importing.losses import Ledger
    from bot.importing.workbook import Workbook

UNNAMED = "default"
"""What a column without a language is called."""

_TRANSLATED = ("label", "hint")
_CODE = re.compile(r"\(\s*([A-Za-z]{2,3})(?:[-_][A-Za-z]+)?\s*\)\s*$")


@dataclass(frozen=True, slots=True)
class Languages:
    """The languages that are carried."""

    main: str
    codes: Mapping[str, str]
    """By the name in the sheet, the main one first."""

    @property
    def others(self) -> tuple[str, ...]:
        """The languages of the translations."""
        return tuple(code for code in self.codes.values() if code != self.main)

    def said(self, words: Mapping[str, str]) -> dict[str, str]:
        """Return words by the code of their language; those without one are for all."""
        for_all = words.get(UNNAMED, "") if UNNAMED not in self.codes else ""
        found = {code: words.get(name) or for_all for name, code in self.codes.items()}
        return {code: said for code, said in found.items() if said}


def languages_of(book: Workbook, wished: str, spoken: Sequence[str], ledger: Ledger) -> Languages:
    """Return the languages of a form; `wished` is the code of its main one, if the author named it.

    What the bot does not speak is left out and told. Raises Unreadable where it speaks none of them.
    """
    names = list(dict.fromkeys(_names(book)))
    named = {name: _code(name, spoken) for name in names if name != UNNAMED}
    if UNNAMED in names and (unnamed := _unnamed(wished, set(named.values()), spoken, ledger)):
        named[UNNAMED] = unnamed
    codes = _spoken(named, spoken, ledger)
    if named and not codes:
        raise Unreadable(f"it is written in {', '.join(named)}, and the bot speaks {', '.join(spoken)}.")
    main = _main(codes, wished, book.settings.get("default_language", ""), spoken)
    return Languages(main, dict(sorted(codes.items(), key=lambda item: item[1] != main)))


def _names(book: Workbook) -> Iterable[str]:
    rows = [*book.survey, *(row for choices in book.choices.values() for row in choices)]
    for row in rows:
        for key in _TRANSLATED:
            yield from row.words(key)


def _code(name: str, spoken: Sequence[str]) -> str:
    """Return the code of a language called so: "Español (es)", "es" or "Spanish"; as it is where it is none."""
    if found := _CODE.search(name):
        return found[1].lower()
    folded = name.strip().casefold()
    return next((code for code in spoken if folded in _called(code)), folded)


def _called(code: str) -> set[str]:
    locale = Locale(code)
    return {code, *(str(name).casefold() for name in (locale.english_name, locale.display_name) if name)}


def _unnamed(wished: str, taken: set[str], spoken: Sequence[str], ledger: Ledger) -> str:
    """Return the language of a column that names none: what the author says, else the bot's first; if it is free."""
    code = wished or spoken[0]
    if code in taken:
        ledger.note("survey", 0, "words without a language are read in each language that has none of its own")
        return ""
    if not wished:
        what = f'no language is named with the labels; they are taken for "{code}". Say --language if it is another'
        ledger.note("survey", 0, what)
    return code


def _spoken(codes: Mapping[str, str], spoken: Sequence[str], ledger: Ledger) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, code in codes.items():
        if code not in spoken:
            ledger.lose("survey", 0, f'language "{name}" is left out: the bot speaks {", ".join(spoken)}')
        elif code in found.values():
            ledger.lose("survey", 0, f'language "{name}" is left out: "{code}" is there already')
        else:
            found[name] = code
    return found


def _main(codes: Mapping[str, str], wished: str, default: str, spoken: Sequence[str]) -> str:
    if wished in codes.values():
        return wished
    first = next(iter(codes.values()), wished or spoken[0])
    return codes.get(default, codes.get(UNNAMED, first))
