"""The headline of a digest in a machine's words: it gets what the digest shows, and no word of a citizen.

It words each fact by itself and says which; a part that does not pass the check sinks the whole, and the plain sentence
stands.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from bot.digests.model import Form, Worded
from bot.digests.render import items
from bot.machine import checking
from bot.machine.checking import Fact, plain
from bot.machine.names import bare, mark
from bot.texts import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.digests.model import Digest
    from bot.machine.client import Machine
    from bot.texts import Texts

HEADLINE: Final = "headline"
"""What it is called on the wire and in the metrics."""
TASK: Final = """You word the headline of a weekly report for the manager of a public service.
You get JSON: the language to write in, and facts, each with an id and a text; some with a name.
Answer JSON: {"parts": [{"fact": "<id>", "words": "<short clause>"}]}.
Rules. The first part words the first fact; then you may word others, the gravest first. One part words one fact.
Take the fact's own words, figures and name exactly as they stand, in their order; add none but articles, "and", "is",
"has" and the like. Clauses between its commas and colons may change places, and the name may stand between two of them.
Leave nothing out; of a theme the clauses at its end may be left out.
Add no quotation marks. No full stop at the end. At most 20 words over all parts."""
QUOTES: Final = dict.fromkeys(map(ord, '"“”„‟«»‹›「」'))
"""Quotation marks, each to nothing: a sentence that comes in them, or a name in it, says the same without."""
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "parts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"fact": {"type": "string"}, "words": {"type": "string"}},
                "required": ["fact", "words"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["parts"],
    "additionalProperties": False,
}


def worded(
    digest: Digest, languages: Iterable[str], machine: Machine, left: int, private: Callable[[str], Iterable[str]]
) -> tuple[Digest, int]:
    """Return the digest with its headline in each language that lacks one, and how many requests that took.

    At most `left` are made. `private` gives what in a text leads to a person.
    """
    asked = 0
    for language in dict.fromkeys(texts(each).language for each in languages):
        if digest.sign_of_life or digest.so_far or not digest.alerts or language in digest.worded:
            continue
        if asked >= left or machine.rests or language not in checking.languages():
            continue
        asked += 1
        if found := _asked(digest, texts(language), machine, private):
            digest = replace(digest, worded={**digest.worded, language: found})
    return digest, asked


def facts(digest: Digest, said: Texts) -> tuple[Fact, ...]:
    """Return what the headline may tell, as the digest shows it: each reason to act or to watch, then the problems."""
    return tuple(replace(each, text=_bare(each.text, said), name=bare(each.name)) for each in _facts(digest, said))


def _bare(text: str, said: Texts) -> str:
    """Leave out the marks of names that a machine wrote: the whole of what comes is marked.

    And quotation marks: what is told in them would be given back in them, and the check lets none through.
    """
    return _unquoted(text.replace(f"{mark(said.language)} ", ""))


def _unquoted(text: str) -> str:
    return plain(text.translate(QUOTES))


def _facts(digest: Digest, said: Texts) -> tuple[Fact, ...]:
    alerts = [Fact(f"alert{n}", plain(items.alert(each, said)), items.name_of(each, said))
              for n, each in enumerate(digest.alerts, 1)]  # fmt: skip
    named = [(items.short(said.pick(each.name, each.key)), each) for each in digest.problems]
    themes = [Fact(f"theme{n}", plain(items.figures(each, digest, said)), name, whole=False)
              for n, (name, each) in enumerate(named, 1)]  # fmt: skip
    return (*alerts, *(themes if digest.form is Form.FULL else []))


def _asked(digest: Digest, said: Texts, machine: Machine, private: Callable[[str], Iterable[str]]) -> Worded | None:
    known = facts(digest, said)
    shown = [{"id": each.id, "text": each.text, **({"name": each.name} if each.name else {})} for each in known]
    answer = machine.ask(HEADLINE, TASK, {"language": said.language, "facts": shown}, SCHEMA)
    if not answer:
        return None
    parts = _parts(answer)
    fault = _fault(parts, known, said, private)
    line = "" if fault else _line(digest, parts, said)
    fault = fault or ("" if items.words(line) <= items.WORDS else "too many words")
    machine.judged(HEADLINE, fault)
    return None if fault else Worded(line, tuple(fact for fact, _ in parts), machine.name)


def _parts(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (fact, words) of each part; nothing where the answer is of another form."""
    listed = answer.get("parts")
    found = [
        (each.get("fact"), each.get("words")) for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict)
    ]  # fmt: skip
    parts = [
        (fact, _unquoted(words).strip(" ."))
        for fact, words in found
        if isinstance(fact, str) and isinstance(words, str)
    ]
    return parts if isinstance(listed, list) and len(parts) == len(listed) else []


def _fault(
    parts: Sequence[tuple[str, str]], known: Sequence[Fact], said: Texts, private: Callable[[str], Iterable[str]]
) -> str:
    by_id = {each.id: each for each in known}
    cited = [fact for fact, _ in parts]
    if not parts or cited[0] != known[0].id:
        return "the gravest fact does not come first"
    if not set(cited) <= by_id.keys() or len(set(cited)) < len(cited):
        return "a fact that was not given, or one cited twice"
    found = (checking.turned(words, by_id[fact], said.language, private) for fact, words in parts)
    return next(filter(None, found), "")


def _line(digest: Digest, parts: Sequence[tuple[str, str]], said: Texts) -> str:
    """Our own words around the machine's: the state before, how many reasons it left out behind."""
    cited = {fact for fact, _ in parts}
    left = sum(f"alert{n}" not in cited for n in range(1, len(digest.alerts) + 1)) + digest.more_alerts
    return items.line(said(f"digest.state.{digest.state}"), [plain(words) for _, words in parts], left, said)
