"""`round example`, and a round that begins with one: typed as an organiser types it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.bot.test_cli import terminal

if TYPE_CHECKING:
    from tests.bot.test_cli import Terminal

__all__ = ["terminal"]

CITY = """
[city]
name = "Flussheim"
org = "die Stadt Flussheim"
languages = ["de", "fr", "en", "es", "pt", "ar"]
time_zone = "Europe/Berlin"
human_contact = "+49 000 1234"
emergency_number = "112"

[privacy]
law = "die Gemeindeordnung"

[[services]]
key = "library"
name = "Stadtbibliothek"
"""


def options(*more: str) -> tuple[str, ...]:
    return ("round", "new", "--service", "library", *more)


def test_a_printed_example_makes_a_draft_as_it_is(terminal: Terminal) -> None:
    said = terminal("round", "example", "option_round", "--out", "example.toml")
    assert (said.status, said.out) == (0, "example.toml\n")
    head = Path("example.toml").read_text("utf-8").splitlines()[1]
    words = head.removeprefix("#   civicloop ").replace("SERVICE", "library").replace("FILE", "example.toml").split()
    made = terminal(*words, "--code", "hours")
    assert made.status == 0
    assert "topic still holds words of the example: write your own, or name it in own_words" in made.out
    left = [fault["field"] for fault in terminal("round", "check", "hours", "--json").json]
    assert {"topic", "decider", "task", "ideas"} <= set(left)
    shown = terminal("round", "show", "hours").out
    assert shown.startswith("hours: When should the library be open?\n")
    assert "the words of the example still stand in topic, " in shown
    wrong = terminal("round", "change", "hours", "--set", "own_words=all")
    assert (wrong.status, 'and "all" is none' in wrong.err) == (2, True)
    assert "own_words set." in terminal("round", "change", "hours", "--set", f"own_words={left[0]}").out
    rest = [f"--set=own_words={', '.join(left[1:3])}", f"--set=own_words={', '.join(left[3:])}"]
    assert "It is complete." in terminal("round", "change", "hours", *rest).out
    assert terminal("round", "check", "hours").status == 0


def test_own_words_named_one_by_one_are_all_kept_in_a_new_round(terminal: Terminal) -> None:
    new = ("round", "new", "--service", "library", "--flow", "option_round", "--example", "--code", "hours")
    wrong = terminal(*new, "--set", "own_words=all")
    assert (wrong.status, 'and "all" is none' in wrong.err) == (2, True)
    assert terminal(*new, "--set", "own_words=topic", "--set", "own_words=decider, task").status == 0
    assert terminal("round", "show", "hours", "--json").json["record"]["own_words"] == "topic, decider, task"


def test_an_example_is_printed_with_what_each_field_means(terminal: Terminal) -> None:
    said = terminal("round", "example", "need_round").out
    assert '# who decides, as in "the city council"\ndecider.en = "the city council"\n' in said
    assert 'decider.es = "el pleno municipal"' in said
    assert "decider.de" not in said
    assert "#   ask: we ask, decide, and tell why\n" in said


def test_it_is_written_in_the_languages_of_the_city_or_in_those_named(terminal: Terminal) -> None:
    Path("config.toml").write_text(CITY, "utf-8")
    whole = terminal("round", "example", "keep_or_stop").out
    assert all(f"title.{one} = " in whole for one in ("en", "es", "fr", "de", "pt", "ar"))
    assert whole.startswith("# Ein Beispiel zum Überschreiben.")
    assert 'pack_languages = "Alle Sprachen dieser Umfrage"' in whole
    part = terminal("round", "example", "keep_or_stop", "--language", "fr", "--language", "ar").out
    assert "title.fr = " in part
    assert "title.ar = " in part
    assert "title.de = " not in part
    assert part.startswith("# Un exemple à remplacer")


def test_its_days_are_counted_from_the_first(terminal: Terminal) -> None:
    said = terminal("round", "example", "idea_round", "--from", "2027-03-01").out
    assert "--to 2027-03-21\n" in said
    assert "decided_on = 2027-04-26\n" in said


def test_a_round_begins_with_the_example_and_what_is_typed_stands_above_it(terminal: Terminal) -> None:
    made = terminal(*options("--flow", "idea_round", "--example", "--code", "late", "--set", "idea.en=open at night"))
    assert made.status == 0
    assert "idea still holds words of the example" in made.out
    shown = terminal("round", "show", "late", "--json").json
    assert shown["title"] == "A library that is open late: how could it work?"
    assert shown["record"]["idea"]["en"] == "open at night"
    assert shown["record"]["idea"]["es"].startswith("abrir hasta las diez")
    assert shown["closes_at"].startswith("2026-12-13T00:00")


def test_a_pulse_from_its_example_opens_without_a_last_day_once_its_words_are_true(terminal: Terminal) -> None:
    assert terminal(*options("--flow", "deliver_pulse", "--example", "--code", "how")).status == 0
    refused = terminal("round", "open", "how")
    assert (refused.status, "decider still holds words of the example" in refused.err) == (1, True)
    left = ", ".join(fault["field"] for fault in terminal("round", "check", "how", "--json").json)
    assert terminal("round", "change", "how", "--set", f"own_words={left}").status == 0
    assert terminal("round", "open", "how").out.startswith("how: How is the library?\n  open,")


def test_what_cannot_be_shown_is_told_in_a_line(terminal: Terminal) -> None:
    for words, told in (
        (("round", "example", "ned_round"), "there is no flow ned_round: choose one of budget_round, "),
        (("round", "example", "need_round", "--language", "de"), '"de" is no language of the city and of need_round.'),
        (options("--flow", "need_round"), "say what citizens read as its name: --title TEXT."),
        (options("--flow", "ned_round", "--example"), "there is no flow ned_round"),
    ):
        said = terminal(*words)
        assert said.status in {1, 2}
        assert told in said.err
        assert said.err.count("\n") == 1


def test_a_file_that_is_there_is_not_written_over(terminal: Terminal) -> None:
    Path("mine.toml").write_text("mine", "utf-8")
    said = terminal("round", "example", "need_round", "--out", "mine.toml")
    assert (said.status, said.err) == (2, "civicloop: mine.toml is there already: it is not written over.\n")
    assert Path("mine.toml").read_text("utf-8") == "mine"
