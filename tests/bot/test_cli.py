"""The command line: what it prints, how it exits, and that it never shows a traceback."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from jsonschema import Draft4Validator
from openpyxl import load_workbook

from bot import cli, clock, config
from bot.commands import common
from bot.errors import Refused, Trouble
from bot.rounds import findings as counting
from bot.rounds import organised
from storage import answers, contacts, moves, people, rounds, trail
from storage.answers import AnswerRow
from storage.database import Database, StorageTrouble
from storage.sealing import Keys
from tests.support.answering import copied

if TYPE_CHECKING:
    from collections.abc import Iterator

A_PULSE = ("--service", "library", "--flow", "deliver_pulse", "--title", "P")
ROOT = Path(cli.__file__).parents[1]
NOW = "2026-11-22T19:00:00+00:00"
OPERATOR = f"operator {common.account()}"


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Terminal:
    """A terminal in an empty folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.capsys = capsys

    def __call__(self, *words: str) -> Said:
        self.capsys.readouterr()
        status = cli.main(words)
        out, err = self.capsys.readouterr()
        assert "Traceback" not in out + err
        return Said(status, out, err)

    def a_round(self) -> str:
        """Write a draft and return its code."""
        made = self("round", "new", "--service", "library", "--flow", "deliver_pulse", "--title", "Pulse", "--json")
        code: str = made.json["code"]
        return code


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """Give a terminal in an empty folder, at a fixed time, without settings."""
    for name in [name for name in os.environ if name.startswith("CIVICLOOP_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clock").write_text(NOW, encoding="utf-8")
    monkeypatch.setenv(clock.CLOCK, str(tmp_path / "clock"))
    return Terminal(tmp_path, capsys)


HEAVY = ("alembic", "apscheduler", "matplotlib", "pandas", "PIL", "pydantic", "sqlalchemy", "statsmodels", "telegram")
"""Libraries that take a tenth of a second and more to load."""


def loaded(program: str) -> set[str]:
    """Return which of the heavy libraries are loaded when `program` has run in a Python of its own."""
    asked = f"{program}\nimport sys; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(HEAVY) & set(said.stdout.split())


def test_help_loads_no_heavy_library() -> None:
    assert loaded("from bot import cli; cli.main(['round', '--help'])") == set()


def test_the_bot_starts_without_what_only_pictures_digests_and_migrations_need() -> None:
    assert loaded("import bot.app") == {"apscheduler", "pydantic", "sqlalchemy"}


def every_command() -> Iterator[tuple[str, ...]]:
    """Give the words of every command, groups included."""
    waiting: list[tuple[tuple[str, ...], click.Command]] = [((), cli.civicloop)]
    while waiting:
        words, command = waiting.pop()
        yield words
        if isinstance(command, click.Group):
            waiting += [((*words, name), below) for name, below in command.commands.items()]


@pytest.mark.parametrize("words", sorted(every_command()), ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...], terminal: Terminal) -> None:
    said = terminal(*words, "--help")
    assert said.status == 0
    assert f"Usage: {' '.join(('civicloop', *words))}" in said.out


@pytest.mark.parametrize("words", sorted(every_command()), ids=" ".join)
def test_every_command_that_acts_takes_a_configuration(words: tuple[str, ...]) -> None:
    command: click.Command = cli.civicloop
    for word in words:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    if not isinstance(command, click.Group) and words != ("init",):
        assert "--config" in [option for each in command.params for option in each.opts]


def test_the_module_is_the_same_command(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-m", "bot", "--version"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.startswith("civicloop ")


def test_without_a_command_the_help_is_shown(terminal: Terminal) -> None:
    said = terminal()
    assert said.status == 2
    assert "Usage: civicloop" in said.out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("nonsense",), "No such command 'nonsense'. See \"civicloop --help\"."),
        (("check", "--jso"), "No such option '--jso'. Did you mean '--json'? See \"civicloop check --help\"."),
        (("graph", "delivr_pulse"), 'no flow "delivr_pulse". Did you mean "deliver_pulse"?'),
        (("check", "nowhere.toml"), "there is no file nowhere.toml."),
        (
            ("play", "deliver_pulse", "--language", "eu"),
            "deliver_pulse does not speak eu; it speaks en, ar, de, es, fr, pt.",
        ),
        (("check", "--config", "nowhere.toml"), "nowhere.toml: cannot be read (No such file or directory)"),
        (("digest", "--service", "libary"), 'no service "libary". Did you mean "library"?'),
        (("digest", "--service", "library", "--week", "47"), "47 is no ISO week. Write it as 2026-W47."),
        (("check", "nothing_such"), 'no flow "nothing_such". There are: '),
        (("translate", "import", "clock"), "say which language it is: --language fr."),
        (("translate", "export", "--language", "fr", "--language", "de", "--out", "x.po"), "need a spreadsheet"),
        (("translate", "import", "clock", "--language", "fr"), "clock is no table made by export: "),
        (("round", "report-back", "x", "--signed", "Ada", "--text", "Thanks"), '"Thanks" is not NAME=TEXT.'),
        (
            ("round", "report-back", "x", "--signed", "Ada", "--text", "en=@none.txt"),
            "none.txt cannot be read as a text.",
        ),
        (("round", "new", *A_PULSE, "--record", "none.toml"), "none.toml cannot be read: No such file or directory."),
        (("round", "new", *A_PULSE, "--record", "clock"), "clock is no TOML: "),
        (("digest", "--service", "library", "--now", "later"), "'later' is no day or moment."),
        (("round", "extend", "x", "--to", "soon", "--why", "y"), "'soon' is no day or moment. Write it as 2026-12-01"),
    ],
)
def test_wrong_usage_is_one_line_that_says_what_to_do(words: tuple[str, ...], line: str, terminal: Terminal) -> None:
    said = terminal(*words)
    assert said.status == 2
    assert said.out == ""
    assert line in said.err
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("trouble", "status", "line"),
    [
        (KeyboardInterrupt(), 130, ""),
        (OSError(28, "No space left on device", "data"), 2, "data: No space left on device. Put that right and try"),
        (StorageTrouble("the disk is full"), 2, "the disk is full"),
        (Trouble("the world ended"), 2, "the world ended"),
        (Refused("not today"), 1, "not today"),
    ],
)
def test_each_kind_of_trouble_has_its_exit(
    trouble: BaseException, status: int, line: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise trouble

    monkeypatch.setattr(common, "read", broken)
    said = terminal("check")
    assert said.status == status
    assert line in said.err
    assert len(said.err.splitlines()) <= 1


def test_whoever_stops_reading_us_gets_no_complaint(terminal: Terminal) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    line = f"{sys.executable} -m bot graph deliver_pulse | head -c 0"
    ran = subprocess.run(["bash", "-c", line], env=environ, capture_output=True, text=True, check=False)
    assert ran.stderr == ""


def test_a_wrong_configuration_is_told_whole(terminal: Terminal) -> None:
    Path("config.toml").write_text("[web]\nport = 1e9\nhots = 1\n", encoding="utf-8")
    said = terminal("check")
    assert said.status == 2
    assert [line.split(":")[0:3] for line in said.err.splitlines()] == [
        ["civicloop", " config.toml, line 2", " web.port"],
        ["civicloop", " config.toml, line 3", " web.hots"],
    ]


def test_something_unforeseen_is_one_line_and_a_file_for_whoever_looks_after_it(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise LookupError("my neighbour")

    monkeypatch.setattr(common, "read", broken)
    said = terminal("check")
    assert said.status == 2
    assert said.err.startswith("civicloop: stopped by an unforeseen LookupError. Please send ")
    details = Path(said.err.split("Please send ")[1].split(" to whoever")[0])
    assert "LookupError: my neighbour" in details.read_text(encoding="utf-8")
    assert details.stat().st_mode & 0o077 == 0
    details.unlink()


# --------------------------------------------------------------------------- setting up


def test_init_writes_the_example_and_never_over_a_file(terminal: Terminal) -> None:
    assert terminal("init").status == 0
    assert Path("config.toml").read_bytes() == config.EXAMPLE.read_bytes()
    again = terminal("init")
    assert (again.status, again.err) == (1, "civicloop: config.toml is there already and stays as it is.\n")


def test_init_says_where_data_of_the_sample_lie_and_how_to_begin_without_them(terminal: Terminal) -> None:
    assert "sample" not in terminal("init", "other.toml").out
    terminal.a_round()
    assert "Stop the bot, then: mv data data.sample\n" in terminal("init", "one.toml").out
    Path("data.sample").mkdir()
    assert "Stop the bot, then: mv data data.sample1\n" in terminal("init").out
    assert "mv data" not in terminal("init", "of-a-second-city.toml").out


def test_migrate_makes_the_database_and_may_be_repeated(terminal: Terminal) -> None:
    for _ in range(2):
        assert terminal("migrate").out == "The database is up to date.\n"


def test_a_database_that_does_not_answer_is_a_line(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIVICLOOP_DATABASE__URL", "postgresql://u:hunter2@127.0.0.1:1/d")
    said = terminal("round", "list")
    assert said.status == 2
    assert len(said.err.splitlines()) == 1
    assert "hunter2" not in said.err


def test_doctor_says_how_things_stand(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIVICLOOP_WEB__PORT", "0")
    said = terminal("doctor")
    assert said.status == 0
    assert "warn  configuration: the sample city Rivermouth\n      Write your own" in said.out
    rows = terminal("doctor", "--json").json
    assert {"health": "ok", "what": "mail", "seen": "off: no server is set", "do": ""} in rows


def test_doctor_fails_where_something_is_broken(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIVICLOOP_DATABASE__URL", "postgresql://u:hunter2@127.0.0.1:1/d")
    said = terminal("doctor")
    assert said.status == 1
    assert "hunter2" not in said.out + said.err


def test_an_invitation_is_a_link_that_works_once(terminal: Terminal) -> None:
    links = terminal("invite", "--role", "manager", "--service", "library", "--name", "Ada", "--json").json
    token = links["telegram"].removeprefix("/start r_")
    keys = Keys.load("data/keys", clock.mint)
    database = Database.open("sqlite:///data/civicloop.sqlite3")
    now = datetime.fromisoformat(NOW)
    with database.transaction() as db:
        link = people.use_link(db, keys.token_hash(token), now)
        assert link is not None
        assert (link.role, link.service, link.name) == ("manager", "library", "Ada")
        assert people.use_link(db, keys.token_hash(token), now) is None
        web = links["web"].rpartition("token=")[2]
        assert people.look_at_link(db, keys.token_hash(web), now + timedelta(days=6)) is not None
        assert people.look_at_link(db, keys.token_hash(web), now + timedelta(days=8)) is None
    database.close()


def test_whoever_is_invited_with_a_mail_address_gets_digests_there(terminal: Terminal) -> None:
    for _ in range(2):
        asked = ("invite", "--role", "manager", "--service", "library", "--name", "Ada", "--mail", "ada@city.example")
        assert "It works once, for 7 days." in terminal(*asked).out
    keys = Keys.load("data/keys", clock.mint)
    database = Database.open("sqlite:///data/civicloop.sqlite3")
    with database.reading() as db:
        ((person, _),) = people.with_role(db, "manager", "library")
        (contact,) = contacts.of_person(db, person.id)
        assert keys.unseal(contact.address_sealed) == "ada@city.example"
    database.close()


# --------------------------------------------------------------------------- flows


def test_check_finds_nothing_to_repair_in_what_we_ship(terminal: Terminal) -> None:
    said = terminal("check")
    assert (said.status, said.err) == (0, "")
    assert said.out.endswith("nothing to repair.\n")


IDEAS = """\
flow = "ideas"
version = 1
stage = "design"
language = "en"
title = "I"
start = "a"

[states.a]
ask = "What?"
next = "b2"

[states.b]
ask = "And why?"
next = "b2"

[states.over]
end = ""
"""


def test_check_lists_every_fault_with_file_and_line(terminal: Terminal) -> None:
    Path("ideas.toml").write_text(IDEAS, encoding="utf-8")
    said = terminal("check", "ideas.toml")
    assert said.status == 1
    assert "ideas.toml, line 10: " in said.out
    assert "ideas.toml, line 14: " in said.out
    rows = terminal("check", "ideas.toml", "--json").json
    assert {row["file"] for row in rows} == {"ideas.toml"}
    assert len(rows) >= 2


TEA = IDEAS.replace('"ideas"', '"tea"').replace("b2", "b", 1).replace("b2", "over").replace('end = ""', 'end = "Bye."')


@pytest.fixture
def asked(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the file of a flow that was published from it."""
    folder = terminal.folder / "own"
    folder.mkdir()
    (folder / "tea.toml").write_text(TEA, encoding="utf-8")
    monkeypatch.setenv("CIVICLOOP_FLOWS__FOLDER", str(folder))
    assert terminal("flow", "retire", "tea", "1").status == 0
    return folder / "tea.toml"


def test_check_tells_a_published_version_that_was_edited_and_the_number_to_raise_it_to(
    terminal: Terminal, asked: Path
) -> None:
    assert terminal("check", "tea").status == 0
    asked.write_text(TEA.replace('"What?"', '"Which?"'), encoding="utf-8")
    for words in ((), ("tea",), ("own/tea.toml",)):
        said = terminal("check", *words)
        assert said.status == 1
        assert "tea.toml, line 2: tea was published as version 1, and tea.toml asks something else" in said.out
        assert "Raise version to 2." in said.out
    (row,) = terminal("check", "tea", "--json").json
    assert (row["code"], row["file"], row["line"], row["severity"]) == ("edited-version", "tea.toml", 2, "error")
    (found,) = terminal("check", "tea", "--sarif").json["runs"][0]["results"]
    assert found["ruleId"] == "edited-version"
    asked.write_text(TEA.replace('"What?"', '"Which?"').replace("version = 1", "version = 2"), encoding="utf-8")
    assert terminal("check", "tea").status == 0


@pytest.mark.parametrize("url", ["sqlite:///none.db", "sqlite:///empty.db", "postgresql://nobody@127.0.0.1:9/none"])
def test_check_needs_no_database_and_makes_none(
    url: str, terminal: Terminal, asked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked.write_text(TEA.replace('"What?"', '"Which?"'), encoding="utf-8")
    Path("empty.db").touch()
    monkeypatch.setenv("CIVICLOOP_DATABASE__URL", url)
    assert terminal("check", "tea").status == 0
    assert not Path("none.db").exists()


@pytest.mark.usefixtures("small_flow")
def test_a_slip_in_the_name_of_a_flow_finds_it_with_its_errors_too(terminal: Terminal, small_flow: Path) -> None:
    whole = small_flow.read_text(encoding="utf-8")
    small_flow.write_text(whole.replace('next = "thanks"', 'next = "nowhere"'), encoding="utf-8")
    assert 'no flow "smal". Did you mean "small"? There are: ' in terminal("check", "smal").err
    assert "small.toml, line " in terminal("check", "small").out
    small_flow.write_text(whole.replace('start = "', "start = "), encoding="utf-8")
    assert 'no flow "smal". Did you mean "small"? There are: ' in terminal("check", "smal").err
    assert "small.toml, line " in terminal("check", "small").out
    assert "small.toml, line " in terminal("play", "small").err


@pytest.mark.usefixtures("small_flow")
def test_a_table_begins_with_what_waits_and_then_with_the_flows_own_texts(terminal: Terminal) -> None:
    def keys(language: str) -> list[str]:
        assert terminal("translate", "export", "small", "--language", language, "--out", "words.csv").status == 0
        with Path("words.csv").open(encoding="utf-8-sig", newline="") as file:
            return [row["key"] for row in csv.DictReader(file)]

    own = ["title", "states/what/choose", "states/what/options/games", "states/what/options/tools"]
    assert keys("fr")[:4] == keys("de")[:4] == own
    assert (
        terminal("translate", "export", "small", *("--language", "fr", "--language", "de"), "--out", "w.xlsx").status
        == 0
    )
    assert [row[1].value for row in load_workbook("w.xlsx")["texts"].iter_rows(min_row=2, max_row=5)] == own


@pytest.mark.usefixtures("small_flow")
def test_words_changed_in_the_column_of_the_source_are_told_as_what_they_are(terminal: Terminal) -> None:
    text = "file,key,text,translation\nsmall.toml,title,Borrowing,Prêt {k}\nsmall.toml,states/what/choose,Eh?,Quoi ?\n"
    Path("fr.csv").write_text(text, encoding="utf-8")
    said = terminal("translate", "import", "fr.csv", "--language", "fr").out
    assert "row 2: {k} is no gap of this text. It has none: take it out.\n" in said
    assert 'small.toml, fr: "states/what/choose" is translated from other words than stand there: look again\n' in said
    assert said.count("is only to read") == 1


def test_check_writes_sarif_that_keeps_to_its_schema_with_paths_from_here(terminal: Terminal) -> None:
    Path("ideas.toml").write_text(IDEAS, encoding="utf-8")
    said = terminal("check", "ideas.toml", "--sarif")
    assert said.status == 1
    schema = json.loads((ROOT / "tests/support/schemas/sarif-2.1.0.json").read_text(encoding="utf-8"))
    Draft4Validator(schema).validate(said.json)
    run = said.json["runs"][0]
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert {place["artifactLocation"]["uri"] for place in places} == {"ideas.toml"}
    assert {10, 14} <= {place["region"]["startLine"] for place in places}
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_warnings_count_where_check_is_strict(terminal: Terminal) -> None:
    hard = IDEAS.replace('next = "b2"', 'next = "b"', 1).replace('next = "b2"', 'next = "over"')
    Path("ideas.toml").write_text(hard.replace("And why?", "Why implement it?"), encoding="utf-8")
    said = terminal("check", "ideas.toml")
    assert (said.status, said.out.splitlines()[-1]) == (0, "1 checked, nothing to repair, 1 to think about.")
    assert 'ideas.toml, line 13 (warning): "b" (en): "implement" is a word of offices.' in said.out
    said = terminal("check", "ideas.toml", "--strict")
    assert (said.status, said.out.splitlines()[-1]) == (1, "1 to repair.")
    assert terminal("check", "--strict").status == 0, "what we ship has no warning either"


def test_check_gives_one_form_of_its_list(terminal: Terminal) -> None:
    said = terminal("check", "--json", "--sarif")
    assert (said.status, said.out) == (2, "")


def test_a_flow_with_faults_cannot_be_drawn(terminal: Terminal) -> None:
    Path("ideas.toml").write_text(IDEAS, encoding="utf-8")
    said = terminal("graph", "ideas.toml")
    assert said.status == 1
    assert "civicloop: ideas.toml, line 10: " in said.err


def test_a_file_of_the_program_s_own_is_known_by_its_path(terminal: Terminal) -> None:
    path = ROOT / "flows" / "stages" / "deliver" / "deliver_pulse.toml"
    assert terminal("check", str(path)).out == "1 checked, nothing to repair.\n"
    assert terminal("graph", str(path)).out == terminal("graph", "deliver_pulse").out


def test_a_file_that_is_no_text_is_refused(terminal: Terminal) -> None:
    Path("ideas.toml").write_bytes(b"\xff\xfe")
    said = terminal("check", "ideas.toml")
    assert (said.status, said.out.splitlines()[0]) == (
        1,
        "ideas.toml, line 1: this is not UTF-8 text. Save the file as UTF-8.",
    )


def test_translations_may_leave_as_the_files_themselves(terminal: Terminal) -> None:
    assert terminal("translate", "export", "--language", "es", "--out", "es").status == 0
    assert Path("es/frames/pulse.es.toml").read_text(encoding="utf-8").startswith("# Las partes comunes")


def test_the_files_of_a_new_language_can_be_filled_in(terminal: Terminal) -> None:
    said = terminal("translate", "export", "deliver_pulse", "--language", "eu", "--out", "eu")
    assert said.status == 0
    assert 'of = { flow = "deliver_pulse", version = 1 }' in Path("eu/stages/deliver/deliver_pulse.eu.toml").read_text()
    assert "[states.begin]\n# choose = " in Path("eu/frames/pulse.eu.toml").read_text(encoding="utf-8")
    assert "texts, " in said.out


def test_texts_that_cannot_be_written_are_refused_in_one_line(terminal: Terminal) -> None:
    Path("taken").write_text("a file", encoding="utf-8")
    for out in ("taken/eu.csv", "taken"):
        said = terminal("translate", "export", "deliver_pulse", "--language", "eu", "--out", out)
        assert said.status != 0
        assert "cannot be written" in said.err


def test_graph_prints_a_diagram(terminal: Terminal) -> None:
    assert terminal("graph", "deliver_pulse").out.startswith("flowchart TD")


def test_graph_draws_a_picture_in_a_language_of_the_flow(terminal: Terminal) -> None:
    assert (
        terminal("graph", "deliver_pulse", "--svg", "pictures/pulse.svg", "--language", "ar").out
        == "pictures/pulse.svg\n"
    )
    assert 'lang="ar" direction="rtl"' in Path("pictures/pulse.svg").read_text(encoding="utf-8")
    refused = terminal("graph", "deliver_pulse", "--svg", "pulse.svg", "--language", "tlh")
    assert refused.status == 2
    assert "deliver_pulse does not speak tlh; it speaks en, " in refused.err


def test_graph_tells_how_many_people_of_a_round_went_where(terminal: Terminal) -> None:
    code = terminal.a_round()
    database = Database.open("sqlite:///data/civicloop.sqlite3")
    with database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        ways = {("@start", "opening"): 60, ("opening", "age"): 58, ("age", "too_young"): 3}
        moves.count(db, {(row.id, "2026-11-22", *arrow): n for arrow, n in ways.items()})
    database.close()
    assert 's_opening -->|"55"| s_age' in terminal("graph", "deliver_pulse", "--round", code).out
    assert 's_age -->|"No"| s_too_young' in terminal("graph", "deliver_pulse", "--round", code).out
    assert terminal("graph", "deliver_pulse", "--round", code, "--svg", "pulse.svg").status == 0
    drawn = Path("pulse.svg").read_text(encoding="utf-8")
    assert ">Pulse</text>" in drawn
    assert "55 · 92%" in drawn


def test_graph_says_which_flow_a_round_asks_and_which_round_there_is_not(terminal: Terminal) -> None:
    code = terminal.a_round()
    wrong = terminal("graph", "need_round", "--round", code)
    assert wrong.status == 2
    assert f"civicloop graph deliver_pulse --round {code}" in wrong.err
    assert "there is no round with the code nowhere" in terminal("graph", "need_round", "--round", "nowhere").err


def test_play_lists_every_way(terminal: Terminal) -> None:
    out = terminal("play", "deliver_pulse", "--all").out
    assert "overall=5|4 → reason → went_well → acted → heard → thanks (5 questions, 2 min)\n" in out
    assert out.endswith("3 ways, 3 to 6 questions.\n")


@pytest.mark.parametrize(("typed", "told"), [("", ""), ("Yes\n", " So far: age=yes")])
def test_a_talk_that_stops_before_its_end_says_so(
    terminal: Terminal, small_flow: Path, monkeypatch: pytest.MonkeyPatch, typed: str, told: str
) -> None:
    assert small_flow.exists()
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    said = terminal("play", "small").out
    assert said.rstrip().splitlines()[-1] == f"(Nothing more was typed: the talk stopped before its end.{told})"
    assert "= active" not in said


def test_play_talks_as_the_bot_would(terminal: Terminal) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-m", "bot", "play", "deliver_pulse", "--language", "es", "--save", "talk.txt"],
        input="1\n1\n1\nparar\n",
        cwd=terminal.folder,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "¿Tiene usted" in ran.stdout
    assert "> parar" in Path("talk.txt").read_text(encoding="utf-8")


@pytest.fixture
def kept_talk(terminal: Terminal, small_flow: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a talk through the small flow that was kept."""
    monkeypatch.setattr("sys.stdin", io.StringIO("Yes\nYes\n(tap Games)\n"))
    talk = terminal.folder / "talks" / "games.txt"
    assert small_flow.exists()
    said = terminal("play", "small", "--save", "talks/games.txt")
    assert said.out.endswith("Kept in talks/games.txt. Play it again: civicloop play --again talks/games.txt\n")
    assert "what=games" in said.out
    return talk


def test_a_kept_talk_is_played_again_and_what_is_other_now_is_told(
    terminal: Terminal, small_flow: Path, kept_talk: Path
) -> None:
    again = ("play", "--again", "talks/games.txt")
    assert (terminal(*again).status, terminal(*again).out) == (0, "talks/games.txt: as it was kept\n")
    for file in (small_flow, small_flow.with_name("small.de.toml")):
        file.write_text(file.read_text(encoding="utf-8").replace("like to borrow", "wish to borrow"), encoding="utf-8")
    said = terminal(*again)
    assert said.status == 1
    told = 'kept is "< What would you like to borrow?", now it is "< What would you wish to borrow?"\n'
    line = int(said.out.partition(": kept is")[0].rpartition(" ")[2])
    assert told in said.out
    assert "like to borrow" in kept_talk.read_text(encoding="utf-8").splitlines()[line - 1]
    assert terminal(*again, "--overwrite").status == 0
    assert terminal(*again).status == 0


def test_a_kept_talk_of_a_version_that_is_gone_is_one_line(
    terminal: Terminal, small_flow: Path, kept_talk: Path
) -> None:
    for file in (small_flow, small_flow.with_name("small.de.toml")):
        file.write_text(file.read_text(encoding="utf-8").replace("version = 1", "version = 2"), encoding="utf-8")
    said = terminal("play", "--again", str(kept_talk))
    assert (said.status, said.err) == (1, "")
    assert 'was kept in version 1 of small, and there is version 2. Write "version: 2" at its top' in said.out
    kept_talk.write_text(kept_talk.read_text(encoding="utf-8").replace("version: 1", "version: 2"), encoding="utf-8")
    assert terminal("play", "--again", str(kept_talk)).status == 0


def test_a_kept_talk_is_never_written_over_unasked(
    terminal: Terminal, kept_talk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept_talk.read_text(encoding="utf-8")
    refused = terminal("play", "small", "--save", "talks/games.txt")
    assert (refused.status, refused.out) == (1, "")
    assert "is there already. Take another name, or say --overwrite." in refused.err
    assert kept_talk.read_text(encoding="utf-8") == before
    monkeypatch.setattr("sys.stdin", io.StringIO("Yes\n"))
    assert terminal("play", "small", "--save", "talks/games.txt", "--overwrite").status == 0
    assert kept_talk.read_text(encoding="utf-8") != before


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("small", "deliver_pulse"), "one flow at a time"),
        (("--again", "none.txt"), "none.txt cannot be read as a talk: No such file or directory."),
        (("--again", "clock"), 'clock is no talk that was kept: no line "flow: NAME" stands at its top.'),
        (("--again", "ours/small.toml"), "name the talks that were kept"),
    ],
)
@pytest.mark.usefixtures("small_flow")
def test_what_is_no_talk_is_one_line(words: tuple[str, ...], advice: str, terminal: Terminal) -> None:
    said = terminal("play", *words)
    assert said.status in {1, 2}
    assert sum(advice in line for line in (said.out + said.err).splitlines()) == 1


@pytest.mark.usefixtures("small_flow")
def test_one_way_and_one_question_are_told_as_one(terminal: Terminal) -> None:
    said = terminal("play", "small", "--all").out
    assert "(1 question, 1 min)" in said
    assert said.endswith("1 way, 1 question.\n")


def test_a_translation_goes_out_as_a_table_and_comes_back_as_files(terminal: Terminal) -> None:
    said = terminal("translate", "export", "deliver_pulse", "--language", "eu", "--out", "eu.csv")
    assert said.status == 0
    with Path("eu.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows[:-1]:
        row["translation"] = f"eu {row['text']}"
    with Path("eu.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    back = terminal("translate", "import", "eu.csv", "--language", "eu", "--into", "flows")
    assert back.status == 0
    assert f"{rows[-1]['file']}, eu: 1 text is not translated yet\n" in back.out
    assert Path("flows/frames/pulse.eu.toml").exists()


def test_a_spreadsheet_has_a_column_for_each_language_and_comes_back(terminal: Terminal) -> None:
    out = ("--language", "fr", "--language", "ar", "--out", "words.xlsx", "--staff")
    assert terminal("translate", "export", *out).status == 0
    book = load_workbook("words.xlsx")
    sheet = book["texts"]
    assert [cell.value for cell in sheet[1]] == ["file", "key", "en", "fr", "ar"]
    row = next(row for row in sheet.iter_rows(min_row=2) if row[1].value == "states/begin/choose")
    row[3].value = "On y va ?"
    sheet.append(["frames/pulse.toml", "states/nowhere/say", "Hello", "Bonjour", ""])
    book.save("words.xlsx")
    back = terminal("translate", "import", "words.xlsx", "--into", "made")
    assert back.status == 1
    assert f'row {sheet.max_row}, fr: there is no text "states/nowhere/say" in frames/pulse.toml.' in back.out
    assert "On y va ?" in Path("made/frames/pulse.fr.toml").read_text(encoding="utf-8")
    assert Path("made/bot/texts/ar.toml").exists()


def test_po_goes_out_and_comes_back(terminal: Terminal) -> None:
    assert terminal("translate", "export", "deliver_pulse", "--language", "de", "--out", "de.po").status == 0
    assert terminal("translate", "import", "de.po", "--into", "unsaid").status == 0
    assert 'msgctxt "frames/pulse.toml:states/begin/choose"' in Path("de.po").read_text(encoding="utf-8")
    assert terminal("translate", "import", "de.po", "--language", "de", "--into", "made").status == 0
    for made in Path("made").rglob("*.toml"):
        own = ROOT / "flows" / made.relative_to("made")
        assert tomllib.loads(made.read_text(encoding="utf-8")) == tomllib.loads(own.read_text(encoding="utf-8"))


def test_status_tells_of_each_language_how_far_it_is_and_who_read_it(terminal: Terminal) -> None:
    said = terminal("translate", "status")
    assert "fr: 100% (" in said.out
    assert "0 changed since, reviewed by: nobody yet\n" in said.out
    told = {one["language"]: one for one in terminal("translate", "status", "--json").json}
    assert set(told) == {"ar", "de", "es", "fr", "pt"}
    assert told["ar"]["percent"] == 100


def test_a_translation_of_a_flow_of_ones_own_lies_beside_it(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIVICLOOP_FLOWS__FOLDER", "own")
    Path("own").mkdir()
    Path("own/ideas.toml").write_text(IDEAS.replace("b2", "over"), encoding="utf-8")
    Path("fr.csv").write_text("file,key,text,translation\nideas.toml,title,I,Idées\n", encoding="utf-8")
    assert terminal("translate", "import", "fr.csv", "--language", "fr").status == 0
    assert 'title = "Idées"' in Path("own/ideas.fr.toml").read_text(encoding="utf-8")
    assert "ideas" in terminal("graph", "nothing").err


# --------------------------------------------------------------------------- rounds


def test_an_issue_is_said_once_or_once_in_each_language(terminal: Terminal) -> None:
    terminal("round", "new", "--service", "library", "--flow", "deliver_pulse", "--title", "How", "--code", "lib")
    terminal("round", "open", "lib")
    issue = ("round", "issue", "lib", "--response", "Yes", "--changed", "yes")
    terminal(*issue, "--said", "en=Sundays", "--said", "es=Domingos")
    terminal(*issue, "--said", "a = b")
    said = [one["issue"] for one in terminal("round", "show", "lib", "--json").json["outcome"]["issues"]]
    assert said == [{"en": "Sundays", "es": "Domingos"}, "a = b"]
    refused = terminal(*issue, "--said", "one", "--said", "two")
    assert refused.status == 2
    assert "give it once, or once for each language, as in en=TEXT" in refused.err


def test_a_round_is_made_opened_extended_closed_and_reported_back(terminal: Terminal) -> None:
    code = terminal.a_round()
    checked = terminal("round", "check", code).out
    assert checked.startswith(f"{code} may open.\n(not yet in every language: title (missing: Español). ")
    assert terminal("round", "open", code, "--json").json["state"] == "open"
    extended = terminal("round", "extend", code, "--to", "2026-12-31", "--why", "Late post", "--json").json
    assert extended["closes_at"] == "2027-01-01T00:00:00+00:00"
    assert f"{code}  open" in terminal("round", "list").out
    assert terminal("round", "list", "--state", "draft", "--json").json == []
    assert terminal("round", "close", code, "--why", "Enough").status == 0
    Path("es.txt").write_text("Gracias.", encoding="utf-8")
    said = terminal(
        "round",
        "report-back",
        code,
        "--signed",
        "Ada Ames",
        "--text",
        "en=Thank you.",
        "--text",
        "es=@es.txt",
        "--json",
    )
    assert said.json["state"] == "reported_back"
    assert said.json["report"] == {"en": "Thank you.", "es": "Gracias."}
    log = [line["what"] for line in terminal("round", "show", code, "--json").json["log"]]
    assert log == ["created", "opened", "extended", "closed", "reported_back"]
    shown = terminal("round", "show", code).out
    assert f"extended by {OPERATOR}: Late post" in shown
    assert "  by its end: People who finished: 0.\n" in shown


def test_a_round_is_given_up_with_a_reason_in_several_languages(terminal: Terminal) -> None:
    code = terminal.a_round()
    terminal("round", "open", code)
    cancel = ("round", "cancel", code, "--why", "No money", "--also")
    refused = terminal(*cancel, "de=Kein Geld")
    assert (refused.status, refused.err) == (2, f'civicloop: {code} is not asked in "de".\n')
    refused = terminal(*cancel, "en=No money at all")
    assert refused.err.startswith('civicloop: both --why and --also are in "en": say with --language')
    assert terminal(*cancel, "es=No hay dinero").status == 0
    database = Database.open("sqlite:///data/civicloop.sqlite3")
    with database.reading() as db:
        last = trail.of(db, rounds.by_code(db, code).id)[-1]  # type: ignore[union-attr]
    database.close()
    assert (last.language, last.translated) == ("en", {"es": "No hay dinero"})


def test_a_result_that_is_late_is_told_in_days(terminal: Terminal, tmp_path: Path) -> None:
    code = terminal.a_round()
    terminal("round", "change", code, "--set", "feedback_on=2027-01-31")
    terminal("round", "open", code)
    terminal("round", "close", code, "--why", "Enough")
    assert "overdue" not in terminal("round", "list").out
    (tmp_path / "clock").write_text("2027-02-03T12:00:00+00:00", encoding="utf-8")
    assert f"{code}: the result is 3 days overdue\n" in terminal("round", "list").out
    assert "  the result is 3 days overdue\n" in terminal("round", "show", code).out
    (listed,) = terminal("round", "list", "--json").json
    assert (listed["days_overdue"], terminal("round", "show", code, "--json").json["days_overdue"]) == (3, 3)


def test_codes_that_no_phone_can_open_are_made_and_told(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code = terminal.a_round()
    poster = ("round", "poster", code, "--out", str(tmp_path / "poster.pdf"))
    hung = ("round", "show", code, "--qr", str(tmp_path / "code.svg"))
    acts = (("round", "open", code), poster, ("round", "place", code, "Main door"), hung)
    for act in acts:
        assert "people's phones cannot open http://127.0.0.1" in (said := terminal(*act)).err
        assert "[web] public_url" in said.err
    assert (tmp_path / "poster.pdf").read_bytes().startswith(b"%PDF")
    monkeypatch.setenv("CIVICLOOP_WEB__PUBLIC_URL", "https://voice.rivermouth.example")
    for act in (poster, ("round", "place", code, "Side door"), hung):
        assert "phones" not in terminal(*act).err


def test_a_change_that_takes_a_round_off_the_clock_says_so_and_what_to_do(terminal: Terminal) -> None:
    code = terminal.a_round()
    terminal("round", "change", code, "--from", "2026-12-10")
    assert terminal("round", "open", code, "--json").json["state"] == "scheduled"
    assert "off the clock" not in terminal("round", "change", code, "--title", "Other").out
    said = terminal("round", "extend", code, "--to", "2026-12-31", "--why", "post").out
    assert f"A change took {code} off the clock: it does not open by itself any more.\n" in said
    assert f"Let a second person sign it anew:\n  civicloop round approve {code} --as NAME\n" in said
    again = terminal("round", "change", code, "--title", "A third").out
    assert again.count("off the clock") == 1
    assert again.count("civicloop round open") == 1


def test_a_round_rests_goes_on_and_is_given_up(terminal: Terminal) -> None:
    code = terminal.a_round()
    assert terminal("round", "pause", code).err.startswith("civicloop: Missing option '--why'.")
    assert "the round is not open" in terminal("round", "pause", code, "--why", "flood").err
    terminal("round", "open", code)
    assert terminal("round", "pause", code, "--why", "flood", "--json").json["state"] == "paused"
    assert terminal("round", "resume", code, "--json").json["state"] == "open"
    assert terminal("round", "cancel", code, "--why", "no money", "--json").json["state"] == "cancelled"
    assert f"cancelled by {OPERATOR}: no money" in terminal("round", "show", code).out


def test_a_second_person_signs_by_name_and_the_log_says_where(terminal: Terminal) -> None:
    code = terminal.a_round()
    nobody = terminal("round", "approve", code, "--as", "Ben")
    assert (nobody.status, nobody.err.count("\n")) == (1, 1)
    assert '"Ben" may not approve rounds of library. May do so: nobody yet.' in nobody.err
    terminal("invite", "--role", "approver", "--service", "library", "--name", "Ben", "--mail", "ben@city.example")
    assert "May do so: Ben." in terminal("round", "approve", code, "--as", "Max").err
    signed = terminal("round", "approve", code, "--as", "ben")
    assert f"approved by Ben: at the command line, {OPERATOR}\n" in signed.out


def invited(terminal: Terminal, **roles: str) -> None:
    """Let people have a role for the library, by name."""
    for name, role in roles.items():
        mail = f"{name.encode().hex()}@city.example"  # what differs in capitals alone would be one person
        terminal("invite", "--role", role, "--service", "library", "--name", name, "--mail", mail)


def test_whoever_acts_is_named_in_the_log_by_name_or_number_or_as_the_operator(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    invited(terminal, Olga="organiser", Omar="organiser")
    about = (*A_PULSE, "--code", "lib")
    terminal("round", "new", *about, "--as", "olga")
    terminal("round", "open", "lib", "--as", "2")
    terminal("round", "pause", "lib", "--why", "flood")
    monkeypatch.setenv("CIVICLOOP_AS", "Omar")
    terminal("round", "resume", "lib")
    terminal("round", "close", "lib", "--as", "Olga")
    log = terminal("round", "show", "lib", "--json").json["log"]
    assert [(line["what"], line["who"]) for line in log] == [
        ("created", "Olga"),
        ("opened", "Omar"),
        ("paused", OPERATOR),
        ("resumed", "Omar"),
        ("closed", "Olga"),
    ]
    assert {line["operator"] for line in log} == {common.account()}


def test_two_of_one_name_are_told_apart_by_their_number(terminal: Terminal) -> None:
    invited(terminal, Olga="organiser", olga="organiser")
    code = terminal.a_round()
    both = terminal("round", "open", code, "--as", "Olga")
    assert (both.status, both.err.count("\n")) == (1, 1)
    assert 'give the number that "civicloop staff list" names' in both.err
    assert "opened by olga" in terminal("round", "open", code, "--as", "2").out


ACTS: dict[str, tuple[str, ...]] = {
    "new": (*A_PULSE,),
    "change": ("lib", "--title", "Another"),
    "approve": ("lib",),
    "open": ("lib",),
    "extend": ("lib", "--to", "2026-12-31", "--why", "post"),
    "pause": ("lib", "--why", "flood"),
    "resume": ("lib",),
    "close": ("lib",),
    "cancel": ("lib", "--why", "money"),
    "report-back": ("lib", "--text", "en=Thanks", "--signed", "Ada"),
    "note": ("lib", "remark", "rain"),
    "issue": ("lib", "--said", "a", "--response", "b", "--changed", "yes"),
    "read": ("lib", "--who", "a", "--what", "b", "--on", "2026-11-22"),
    "analyse": ("lib", "--text", "a"),
    "decide": ("lib", "--text", "a", "--on", "2026-11-22", "--reasons", "b"),
    "archive": ("lib", "--lessons", "a"),
    "place": ("lib", "door"),
    "document": ("lib", "--remove", "plan.pdf"),
    "aim": ("lib", "--answers", "3"),
    "list-in": ("lib", "clock", "--ground", "a"),
    "list-out": ("lib",),
    "enter": ("lib", "--channel", "phone"),
}
LOOKS = frozenset(
    {"audience", "check", "draft", "example", "list", "page", "poster", "results", "show", "verify", "watch"}
)


@pytest.mark.parametrize("act", ACTS)
def test_nobody_acts_in_the_name_of_whoever_has_no_role_for_it(act: str, terminal: Terminal) -> None:
    invited(terminal, Mia="manager" if act != "enter" else "approver")
    terminal("round", "new", *A_PULSE, "--code", "lib")
    said = terminal("round", act, *ACTS[act], "--as", "Mia")
    assert (said.status, said.err.count("\n")) == (1, 1)
    assert said.err.startswith('civicloop: "Mia" may not ')
    assert "May do so: nobody yet. To let somebody: civicloop invite --role " in said.err
    assert [line["what"] for line in terminal("round", "show", "lib", "--json").json["log"]] == ["created"]


def test_a_fact_in_another_language_is_named_where_it_is_set(terminal: Terminal) -> None:
    code = terminal.a_round()
    said = terminal("round", "change", code, "--set", "title.es=Cómo va").out
    assert f"{code}: title.es set." in said


def test_every_act_on_a_round_says_who_does_it() -> None:
    group = cli.civicloop.commands["round"]
    assert isinstance(group, click.Group)
    named = {name for name, each in group.commands.items() if "--as" in {o for p in each.params for o in p.opts}}
    assert named == {*ACTS, "sign"} == group.commands.keys() - LOOKS


def test_whoever_writes_at_the_command_line_does_not_sign_there(terminal: Terminal) -> None:
    invited(terminal, Ben="approver")
    code = terminal.a_round()
    unnamed = terminal("round", "approve", code)
    assert (unnamed.status, unnamed.err.count("\n")) == (2, 1)
    assert "say who signs: --as NAME" in unnamed.err
    invited(terminal, ben="organiser")
    terminal("round", "change", code, "--title", "Another", "--as", "Ben")
    own = terminal("round", "sign", code, "--as", "Ben")
    assert (own.status, own.err.count("\n")) == (1, 1)
    assert "is called like you, and two of one name count as one person" in own.err


def test_whoever_wrote_in_the_browser_does_not_sign_at_the_command_line(terminal: Terminal) -> None:
    invited(terminal, Ben="approver", Ada="approver")
    code = terminal.a_round()
    with common.office(config.load(None, {})) as here:
        here.rounds.operator = None
        here.rounds.change(code, who=1, title="By Ben")
    assert "cannot sign it" in terminal("round", "sign", code, "--as", "1").err
    assert "approved by Ada" in terminal("round", "sign", code, "--as", "2").out


def test_an_account_is_that_of_the_person_behind_sudo_and_may_be_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "anna")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert common.account() == "anna"
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    monkeypatch.setattr(os, "getuid", lambda: 4_242_424)
    assert common.account() == "4242424"


def test_a_draft_in_nobodys_name_says_how_to_write_in_ones_own(terminal: Terminal) -> None:
    invited(terminal, Olga="organiser")
    unnamed = terminal(*A_FORMAL_ROUND)
    assert f"(The log names the writer as {OPERATOR}; to be named yourself, give --as NAME)" in unnamed.out
    named = terminal("round", "new", *A_PULSE, "--to", "2026-12-31", "--as", "Olga")
    assert "to be named yourself" not in named.out


def test_an_account_that_bears_somebodys_name_is_that_person(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    invited(terminal, Ben="approver", Ada="approver")
    monkeypatch.setattr(common, "account", lambda: "ben")
    code = terminal.a_round()
    assert "is called like you" in terminal("round", "sign", code, "--as", "Ben").err
    signed = terminal("round", "sign", code, "--as", "Ada")
    assert "approved by Ada: at the command line, operator ben" in signed.out


def test_a_change_logs_what_is_other_than_before_and_why(terminal: Terminal) -> None:
    terminal("round", "new", *A_PULSE, "--code", "lib")
    terminal("round", "open", "lib")
    terminal("round", "new", *A_PULSE, "--code", "draft", "--to", "2026-12-31")
    given = ("--title", "P", "--to", "2026-12-31", "--set", "hazard=a fire")
    said = terminal("round", "change", "draft", *given, "--because", "a new law")
    assert said.out.startswith("draft: hazard set.\n")
    (_, line) = terminal("round", "show", "draft", "--json").json["log"]
    assert (line["changed"], line["why"]) == ({"record.hazard": [None, {"en": "a fire"}]}, "a new law")
    assert f"changed by {OPERATOR}: hazard: a new law\n" in terminal("round", "show", "draft").out


def test_the_list_says_what_waits_for_a_signature_who_wrote_it_and_how_to_sign(terminal: Terminal) -> None:
    invited(terminal, Ben="approver")
    terminal("round", "new", *A_PULSE, "--code", "running")
    terminal("round", "new", *A_PULSE, "--code", "lib", "--to", "2026-12-31")
    waits = f"lib waits for a second signature, written by {OPERATOR}: civicloop round approve lib --as NAME\n"
    said = terminal("round", "list").out
    assert said.endswith(waits)
    assert "running waits" not in said
    lib, running = sorted(terminal("round", "list", "--json").json, key=lambda one: str(one["code"]))
    assert (lib["waits_for_signature"], lib["written_by"]) == (True, [OPERATOR])
    assert (running["waits_for_signature"], running["written_by"]) == (False, [])
    terminal("round", "approve", "lib", "--as", "Ben")
    assert "waits" not in terminal("round", "list").out


def test_what_changes_nothing_leaves_no_line_and_the_signature(terminal: Terminal) -> None:
    invited(terminal, Ben="approver")
    terminal("round", "new", *A_PULSE, "--code", "lib", "--to", "2026-12-31")
    terminal("round", "approve", "lib", "--as", "Ben")
    said = terminal("round", "change", "lib", "--title", "P", "--to", "2026-12-31", "--because", "no reason")
    assert (said.status, said.out.splitlines()[0]) == (0, "lib: all of that stood there already: nothing has changed.")
    shown = terminal("round", "show", "lib", "--json").json
    assert (shown["state"], [line["what"] for line in shown["log"]]) == ("checked", ["created", "approved"])


def test_what_is_signed_is_changed_for_a_reason_alone(terminal: Terminal) -> None:
    invited(terminal, Ben="approver")
    terminal("round", "new", *A_PULSE, "--code", "lib", "--to", "2026-12-31")
    (terminal.folder / "members.csv").write_text("mail\na@city.example\n", encoding="utf-8")
    (terminal.folder / "plan.pdf").write_bytes(b"%PDF-1.7\n%%EOF\n")
    terminal("round", "list-in", "lib", "members.csv", "--ground", "members")
    terminal("round", "approve", "lib", "--as", "Ben")
    for act in (("change", "lib", "--title", "Q"), ("list-out", "lib"), ("document", "lib", "plan.pdf")):
        said = terminal("round", *act)
        assert (said.status, said.err) == (1, "civicloop: say why: the log of the round keeps the reason\n")
    assert terminal("round", "change", "lib", "--title", "Q", "--because", "plainer").status == 0


def test_a_day_on_which_nothing_can_have_been_is_refused_in_one_line(terminal: Terminal) -> None:
    code = terminal.a_round()
    terminal("round", "open", code)
    terminal("round", "close", code)
    for day, words in (("2026-11-23", "lies ahead"), ("2026-11-21", "lies before the last day to answer, 2026-11-22")):
        for act in (("read", "--who", "Ada", "--what", "report"), ("decide", "--text", "Yes", "--reasons", "Many")):
            said = terminal("round", act[0], code, *act[1:], "--on", day)
            assert (said.status, said.err.count("\n")) == (1, 1)
            assert f"{day} {words}" in said.err
    assert terminal("round", "decide", code, "--text", "Yes", "--reasons", "Many", "--on", "2026-11-22").status == 0


def test_what_a_duty_asks_for_is_named_before_anybody_has_said_whether_there_is_one(terminal: Terminal) -> None:
    terminal(*A_FORMAL_ROUND)
    said = terminal("round", "check", "lend").out
    (line,) = [line for line in said.splitlines() if line.startswith("duty is missing: ")]
    assert all(
        name in line for name in ("decision", "pack_costs", "equality", "length_reason", "analysis", "result_rule")
    )
    terminal("round", "change", "lend", "--set", "duty=none")
    assert "pack_costs" not in terminal("round", "check", "lend").out


def test_the_log_of_a_round_is_proved(terminal: Terminal) -> None:
    assert terminal("round", "verify").out == "There is no round yet, and so no log.\n"
    code, other = terminal.a_round(), terminal("round", "new", *A_PULSE, "--json").json["code"]
    terminal("round", "open", code)
    said = terminal("round", "verify")
    head = terminal("round", "show", code, "--json").json["log"][-1]["hash"]
    assert said.status == 0
    assert said.out.splitlines()[1] == f"{code}: unbroken, 2 lines long. Its last hash: {head}"
    terminal("round", "close", code)
    assert terminal("round", "verify", code, "--head", head).status == 0
    lost = terminal("round", "verify", other, "--head", head)
    assert (lost.status, "the hash you noted does not stand in its log" in lost.out) == (1, True)
    assert terminal("round", "verify", "--head", head).err.startswith("civicloop: say of which round the hash is")
    behind = Database.open("sqlite:///data/civicloop.sqlite3")
    with behind.transaction() as db:
        db.exec_driver_sql("UPDATE rounds SET title = 'Another' WHERE code = ?", (code,))
        db.exec_driver_sql("DROP TRIGGER round_log_no_update")
        db.exec_driver_sql("UPDATE round_log SET who = 'Nobody' WHERE number = 1 AND round_id = 2")
    behind.close()
    said = terminal("round", "verify")
    assert said.status == 1
    changed = "the round is not as its log says; changed without a line: title."
    assert f"{code}: BROKEN: {changed}" in said.out
    assert f"{other}: BROKEN from line 1 on" in said.out
    proofs = terminal("round", "verify", "--json").json
    assert {name: proof["whole"] for name, proof in proofs.items()} == {code: False, other: False}


def test_a_round_may_have_a_code_of_ones_choice(terminal: Terminal) -> None:
    words = ("round", "new", "--service", "library", "--flow", "deliver_pulse", "--title", "How is it?", "--code")
    assert json.loads(terminal(*words, "library-2027", "--json").out)["code"] == "library-2027"
    assert terminal("round", "open", "library-2027").status == 0
    again = terminal(*words, "library-2027")
    assert (again.status, again.err.count("\n")) == (1, 1)
    assert "choose another" in again.err
    for bad in ("Library", "li", "a" * 25, "r_x", "-lib", "lib--x", "li b", ""):
        assert terminal(*words, bad).status == 1, bad


def test_a_formal_round_says_what_it_still_needs(terminal: Terminal) -> None:
    said = terminal("round", "new", "--service", "library", "--flow", "option_round", "--title", "Hours")
    assert said.status == 0
    code = said.out.split(":")[0]
    faults = terminal("round", "check", code)
    assert faults.status == 1
    assert "topic is missing: " in faults.out
    refused = terminal("round", "open", code)
    assert refused.status == 1
    assert len(refused.err.splitlines()) == 1
    terminal("round", "change", code, "--set", "topic.en=Hours", "--set", "topic.es=Horario")
    assert "topic is missing: " not in terminal("round", "check", code).out


A_FORMAL_ROUND = (
    "round",
    "new",
    "--service",
    "library",
    "--flow",
    "option_round",
    "--title",
    "Lending",
    "--code",
    "lend",
)


def test_what_is_said_in_one_language_leaves_the_others_as_they_are(terminal: Terminal) -> None:
    terminal(*A_FORMAL_ROUND, "--set", "topic=lending", "--set", "topic.es=préstamos")
    terminal("round", "change", "lend", "--set", "topic.en=lending many things", "--set", "open_points=what")
    terminal("round", "change", "lend", "--set", "open_points.es=qué", "--set", "topic.de=Verleih")
    terminal("round", "change", "lend", "--set", "topic=lending all things")
    assert terminal("round", "show", "lend", "--json").json["record"] == {
        "topic": {"en": "lending all things", "es": "préstamos", "de": "Verleih"},
        "open_points": {"en": "what", "es": "qué"},
    }


def test_a_text_without_a_language_is_in_the_citys_first_or_the_one_that_is_named(terminal: Terminal) -> None:
    Path("facts.toml").write_text('fixed_points = "the place"\ndecider = "the council"\n', encoding="utf-8")
    made = terminal(*A_FORMAL_ROUND, "--set", "topic=lending", "--set", "influence=ask", "--record", "facts.toml")
    assert "(not yet in every language: title, topic, fixed_points (missing: Español)" in made.out
    assert "says nothing in es" not in made.out
    terminal("round", "change", "lend", "--set", "open_points=qué", "--language", "es")
    assert "open_points" in terminal("round", "check", "lend").out.partition("(missing: Español); ")[2]
    assert terminal("round", "show", "lend", "--json").json["record"] == {
        "topic": {"en": "lending"},
        "fixed_points": {"en": "the place"},
        "open_points": {"es": "qué"},
        "decider": "the council",
        "influence": "ask",
    }
    said = terminal("round", "change", "lend", "--set", "topic=leihen", "--language", "de")
    assert said.status == 2
    assert said.err.startswith('civicloop: a round of option_round for library does not speak "de". There are: en')


def test_what_keeps_a_round_from_opening_is_named_as_it_is_typed(terminal: Terminal) -> None:
    made = terminal(*A_FORMAL_ROUND, "--audience", "listed")
    for said in (made.out, terminal("round", "check", "lend").out):
        assert "--to: a formal round needs a day on which it closes\n" in said
        assert "--audience: nobody would be asked" in said
        assert "closes_at" not in said
    assert "closes_at" in {fault["field"] for fault in terminal("round", "check", "lend", "--json").json}


def test_a_change_of_nothing_is_no_change(terminal: Terminal) -> None:
    terminal(*A_FORMAL_ROUND)
    assert terminal("round", "change", "lend").err.startswith("civicloop: say what to change: --title, ")
    assert [line["what"] for line in terminal("round", "show", "lend", "--json").json["log"]] == ["created"]


def test_a_list_of_ideas_may_come_later_from_a_file(terminal: Terminal) -> None:
    terminal(*A_FORMAL_ROUND, "--set", "topic=lending")
    Path("ideas.toml").write_text('[lists]\nideas = ["Games", "Tools", "Books"]\n', encoding="utf-8")
    said = terminal("round", "change", "lend", "--record", "ideas.toml")
    assert said.out.startswith("lend: lists set.\n")
    assert "ideas" not in said.out
    assert set(terminal("round", "show", "lend", "--json").json["record"]) == {"topic", "lists"}


def test_a_change_says_what_was_set_and_what_is_still_missing(terminal: Terminal) -> None:
    terminal(*A_FORMAL_ROUND)
    said = terminal("round", "change", "lend", "--set", "topic=lending", "--set", "influence=ask")
    assert said.out.startswith("lend: topic, influence set.\n")
    assert "  decided_on is missing: the day of the decision\n" in said.out
    assert "topic is missing" not in said.out
    assert f"changed by {OPERATOR}: influence, topic\n" in terminal("round", "show", "lend").out
    faults = terminal("round", "change", "lend", "--set", "decided_on=2100-01-20", "--json").json["faults"]
    assert "feedback_on" in {fault["field"] for fault in faults}


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        ("influence=gut", "influence must be one of tell, ask, work, share, you"),
        ("influence.en=ask", "influence must be one of"),
        ("decided_on=10.2.2027", "decided_on is not a day: write it as 2026-12-31"),
        ("feedback_on.es=2027-02-10", "feedback_on is not a day"),
        ("keep_until=3000-01-01", "keep_until is a day nobody lives to see: choose one before the year 3000"),
    ],
)
def test_what_can_never_stand_is_refused_at_once(wrong: str, advice: str, terminal: Terminal) -> None:
    terminal(*A_FORMAL_ROUND)
    said = terminal("round", "change", "lend", "--set", wrong)
    assert (said.status, advice in said.err) == (2, True)
    assert terminal("round", "show", "lend", "--json").json["record"] == {}
    assert terminal(*A_FORMAL_ROUND[:-1], "other", "--set", wrong).status == 2


def test_a_title_is_in_the_flows_own_language_and_others_stand_beside_it(terminal: Terminal) -> None:
    terminal(*A_FORMAL_ROUND, "--set", "title.es=Préstamos")
    terminal("round", "change", "lend", "--set", "title.de=Verleih", "--set", "title.en=What should we lend?")
    shown = terminal("round", "show", "lend", "--json").json
    assert (shown["title"], shown["record"]) == (
        "What should we lend?",
        {"title": {"es": "Préstamos", "de": "Verleih"}},
    )
    assert terminal("round", "change", "lend", "--title", "Lending", "--json").json["title"] == "Lending"


@pytest.fixture
def small_flow(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a flow of one question in English and German, in a city that speaks English and Spanish."""
    monkeypatch.setenv("CIVICLOOP_FLOWS__FOLDER", "ours")
    file = terminal.folder / "ours" / "small.toml"
    file.parent.mkdir()
    words = ("new", "flow", "small", "--title", "Lending", "--stage", "design", "--language", "en", "--frame", "pulse")
    question = "what | choose | What would you like to borrow? | Games | Tools"
    assert terminal(*words, "--question", question, "--into", "ours").status == 0
    german = """of = { flow = "small", version = 1 }
language = "de"
title = "Verleih"

[states.what]
choose = "Was möchten Sie ausleihen?"
options = { games = "Spiele", tools = "Werkzeuge" }
"""
    file.with_name("small.de.toml").write_text(german, encoding="utf-8")
    assert terminal("check", "small").status == 0
    return file


A_SMALL_ROUND = ("round", "new", "--service", "library", "--flow", "small", "--title", "Lending", "--code", "small-one")


@pytest.mark.usefixtures("small_flow")
def test_a_language_of_the_flow_that_nobody_is_offered_is_told_and_stops_nothing(terminal: Terminal) -> None:
    told = "languages of the flow small that citizens are not offered: de; to offer them, "
    assert told in terminal(*A_SMALL_ROUND).out
    checked = terminal("round", "check", "small-one")
    assert (checked.status, checked.out.count(told)) == (0, 1)
    assert terminal("round", "check", "small-one", "--json").json == []
    assert told in terminal("round", "open", "small-one").out


def test_a_flow_with_an_error_opens_no_round_and_the_round_says_where_it_is(
    terminal: Terminal, small_flow: Path
) -> None:
    terminal(*A_SMALL_ROUND)
    whole = small_flow.read_text(encoding="utf-8")
    small_flow.write_text(f'{whole}\n[states.lost]\nask = "Why?"\nnext = "thanks"\n', encoding="utf-8")
    assert terminal("check", "small").status == 1
    checked = terminal("round", "check", "small-one")
    assert (checked.status, "civicloop check small" in checked.out, "small.toml, line " in checked.out) == (
        1,
        True,
        True,
    )
    assert terminal("round", "open", "small-one").status == 1
    small_flow.write_text(whole, encoding="utf-8")
    assert terminal("round", "open", "small-one").status == 0


def test_an_error_in_a_language_a_round_does_not_speak_stops_nothing(terminal: Terminal, small_flow: Path) -> None:
    german = small_flow.with_name("small.de.toml")
    german.write_text(german.read_text(encoding="utf-8").replace(', tools = "Werkzeuge"', ""), encoding="utf-8")
    terminal(*A_SMALL_ROUND)
    assert terminal("check", "small").status == 1
    assert terminal("round", "check", "small-one").status == 0


def test_what_a_round_needs_may_come_from_a_file(terminal: Terminal) -> None:
    Path("record.toml").write_text('topic = { en = "Hours", es = "Horario" }\n', encoding="utf-8")
    words = (
        "round",
        "new",
        "--service",
        "library",
        "--flow",
        "deliver_pulse",
        "--title",
        "P",
        "--record",
        "record.toml",
    )
    assert terminal(*words, "--set", "decider=Ada", "--json").json["record"] == {
        "topic": {"en": "Hours", "es": "Horario"},
        "decider": "Ada",
    }


def test_where_there_is_no_round_the_way_to_one_is_shown(terminal: Terminal) -> None:
    assert "civicloop round new --help" in terminal("round", "list").out


def test_an_unknown_round_is_not_exported(terminal: Terminal) -> None:
    for named in (("nowhere",), ("--round", "nowhere")):
        said = terminal("export", *named, "--out", "x.csv")
        assert (said.status, Path("x.csv").exists()) == (1, False)
        assert "there is no round with the code nowhere" in said.err


@pytest.mark.parametrize("named", [(), ("one", "--round", "other")])
def test_an_export_is_of_one_round(named: tuple[str, ...], terminal: Terminal) -> None:
    said = terminal("export", *named, "--out", "x.csv")
    assert (said.status, said.err) == (2, "civicloop: say which round, once: civicloop export CODE --out FILE.\n")


@pytest.mark.parametrize("act", ["show", "check", "open", "resume", "close", "verify"])
def test_a_round_that_is_not_there_is_refused(act: str, terminal: Terminal) -> None:
    said = terminal("round", act, "nowhere")
    assert said.status == 1
    assert "there is no round with the code nowhere" in said.err


# --------------------------------------------------------------------------- looking


def answered(code: str, people: int) -> None:
    """Let so many people say that it was very good, one with a formula as the reason."""
    database = Database.open("sqlite:///data/civicloop.sqlite3")
    when = datetime(2026, 11, 18, 12, tzinfo=UTC)
    with database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        facts = {"service": "library", "stage": "deliver", "flow": row.flow, "version": row.version}
        facts |= {"language": "en", "channel": "web", "answered_at": when, "counted_at": when, "round_id": row.id}
        rated = {"state": "overall", "verb": "rate", "item": "del.overall", "choice": "5", "score": 5.0}
        said = {"state": "reason", "verb": "ask", "item": "del.reason", "text": "=1+1", "quotable": True}
        given: list[dict[str, Any]] = [{**facts, **rated, "pseudonym": bytes([n] * 16)} for n in range(people)]
        given.append({**facts, **said, "pseudonym": bytes(16)})
        answers.append(db, [AnswerRow(**one) for one in given])
    database.close()


def test_an_export_holds_the_answers_and_nothing_that_leads_to_a_person(terminal: Terminal) -> None:
    code = terminal.a_round()
    answered(code, 5)
    said = terminal("export", "--round", code, "--format", "csv", "--out", "out.csv")
    assert said.out == "out.csv: 6 answers of 5 people.\n"
    with Path("out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["person"] == "1"
    assert rows[0]["day"] == "2026-11-18"
    assert (rows[0]["item"], rows[0]["answer"], rows[0]["score"]) == ("del.overall", "5", "5.0")
    assert rows[-1]["text"] == "'=1+1"


def test_an_export_leaves_out_rare_people_and_words_not_to_be_quoted(terminal: Terminal) -> None:
    code = terminal.a_round()
    answered(code, 17)
    database = Database.open("sqlite:///data/civicloop.sqlite3")
    with database.transaction() as db:
        (one, *_) = answers.every(db, rounds.by_code(db, code).id)  # type: ignore[union-attr]
        role = one._replace(state="about_role", verb="choose", item="you.role", score=None, quotable=True)
        roles = ["citizen"] * 9 + ["worker"] * 7 + ["mayor"]
        said = one._replace(state="reason", verb="ask", choice=None, score=None, text="between us")
        about = [role._replace(choice=each, pseudonym=bytes([n] * 16)) for n, each in enumerate(roles)]
        answers.append(db, [*about, said])
    database.close()
    terminal("export", "--round", code, "--out", "out.csv")
    shown = Path("out.csv").read_text(encoding="utf-8-sig")
    assert shown.count("citizen") == 9
    assert "mayor" not in shown
    assert "worker" not in shown, "with the workers told, who is left is the mayor"
    assert "between us" not in shown
    assert "'=1+1" in shown
    assert Path("out.csv").stat().st_mode & 0o077 == 0
    terminal("export", "--round", code, "--out", "all.csv", "--every-text")
    every = Path("all.csv").read_text(encoding="utf-8-sig")
    assert "between us" in every
    assert "mayor" not in every


def sheet(name: str) -> list[dict[str, str]]:
    """Read a file of an export."""
    with Path(name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def counted(code: str) -> None:
    """Close a round, and count its answers for everybody, as the bot does when paper has had its time."""
    with common.office(config.load(None, {})) as here:
        here.rounds.open(code)
        here.rounds.close(code)
        with here.database.transaction() as db:
            row = rounds.by_code(db, code)
            assert row is not None
            assert counting.keep(db, here.library, row, 10, common.wall_clock())


def test_texts_of_campaigns_are_told_apart(terminal: Terminal) -> None:
    code = terminal.a_round()
    with common.office(config.load(None, {})) as here:
        here.rounds.open(code)
        copied(here.database, code, range(6), datetime(2026, 11, 18, 12, tzinfo=UTC))
        here.rounds.close(code)
        with here.database.transaction() as db:
            row = rounds.by_code(db, code)
            assert row is not None
            texts = organised.found(db, row.id, 5)
            assert counting.keep(db, here.library, row, 10, common.wall_clock(), texts)
    told = "  6 texts from 6 people in 1 campaign (near-identical), counted apart\n"
    assert told in terminal("round", "show", code).out
    shown = json.loads(terminal("round", "show", code, "--json").out)
    assert shown["numbers"]["organised"] == {"campaigns": 1, "people": 6, "texts": 6}


def test_an_export_for_the_team_says_how_for_whom_and_when_people_answered(terminal: Terminal) -> None:
    code = terminal.a_round()
    answered(code, 5)
    terminal("export", code, "--out", "out.csv")
    (first, *_) = sheet("out.csv")
    told = [first[name] for name in ("language", "channel", "entry", "kind", "heads", "late")]
    assert told == ["en", "web", "self", "individual", "1", "no"]


@pytest.mark.parametrize("purpose", ["team", "publication"])
def test_a_codebook_stands_beside_an_export_and_says_what_each_column_means(purpose: str, terminal: Terminal) -> None:
    code = terminal.a_round()
    answered(code, 20)
    counted(code)
    assert terminal("export", code, "--for", purpose, "--out", "out.csv").status == 0
    book = sheet("out-codebook.csv")
    for language in ("en", "es"):
        meant = {row["name"]: row["meaning"] for row in book if (row["what"], row["language"]) == ("column", language)}
        assert list(meant) == list(sheet("out.csv")[0])
        assert all(meant.values())
    assert {row["name"] for row in book if row["what"] == "option" and row["of"] == "overall"} >= {"5", "1"}
    (rule,) = (row["meaning"] for row in book if (row["what"], row["language"]) == ("rule", "en"))
    assert ("5" if purpose == "team" else "10") in rule


def test_an_export_for_publication_is_of_many_and_of_nobody(terminal: Terminal) -> None:
    code = terminal.a_round()
    answered(code, 24)
    said = terminal("export", code, "--for", "publication", "--out", "out.csv")
    assert (said.status, Path("out.csv").exists()) == (1, False)
    assert "have not been counted for everybody yet" in said.err
    counted(code)
    said = terminal("export", code, "--for", "publication", "--out", "out.csv")
    assert said.out == "out.csv: 1 lines, each of 10 people or more.\n"
    assert sheet("out.csv") == [
        {
            "stage": "deliver",
            "flow": "deliver_pulse@1",
            "state": "overall",
            "item": "del.overall",
            "verb": "rate",
            "answer": "5",
            "language": "en",
            "channel": "web",
            "entry": "self",
            "kind": "individual",
            "late": "no",
            "people": "20",
        }
    ], "the one reason is not told"
    first = Path("out.csv").read_bytes()
    answered(code, 100)
    terminal("export", code, "--for", "publication", "--out", "out.csv")
    assert Path("out.csv").read_bytes() == first, "two looks differ by nobody"


def test_what_people_wrote_is_not_exported_for_publication(terminal: Terminal) -> None:
    said = terminal("export", "any", "--for", "publication", "--every-text", "--out", "out.csv")
    assert said.status == 2
    assert "for the team alone" in said.err


def test_too_few_people_are_not_exported_for_publication(terminal: Terminal) -> None:
    code = terminal.a_round()
    answered(code, 9)
    counted(code)
    said = terminal("export", code, "--for", "publication", "--out", "out.csv")
    assert (said.status, Path("out.csv").exists()) == (1, False)
    assert f"nothing of {code} can be told to everybody so: fewer than 10 people" in said.err
    assert said.err.endswith(f"/rounds/{code}\n")


def test_the_log_of_a_round_notes_who_took_its_answers_and_for_whom(terminal: Terminal) -> None:
    code = terminal.a_round()
    answered(code, 20)
    counted(code)
    database = Database.open("sqlite:///data/civicloop.sqlite3")
    with database.transaction() as db:
        ada = people.add(db, "Ada", "en", datetime(2026, 11, 18, tzinfo=UTC))
        people.grant(db, ada.id, "organiser", "library", datetime(2026, 11, 18, tzinfo=UTC))
    database.close()
    for words in ((), ("--every-text", "--as", "Ada"), ("--for", "publication", "--as", "ada")):
        assert terminal("export", code, *words, "--out", "out.csv").status == 0
    assert terminal("export", code, "--as", "Eve", "--out", "out.csv").status == 1
    with common.office(config.load(None, {})) as here:
        log = [(entry.what, entry.who) for entry in here.rounds.log(code)]
        assert here.rounds.prove(code).whole
    assert log[-3:] == [
        ("exported_team", OPERATOR),
        ("exported_text", "Ada"),
        ("exported_public", "Ada"),
    ]


COLUMNS = """\
flow = "mood"
version = 1
stage = "deliver"
language = "en"
title = "Mood"
frame = "pulse"
start = "overall"

[columns]
mood = [{ when = { overall = { more = 3 } }, value = "glad" }, { value = "sad" }]
reply = [{ when = { overall = { more = 3 } }, answer = "reason" }]
form = [{ value = "=B7" }]

[states.overall]
item = "del.overall"

[states.reason]
item = "del.reason"
"""


def test_what_follows_from_answers_stands_below_them_in_an_export(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIVICLOOP_FLOWS__FOLDER", "own")
    Path("own").mkdir()
    Path("own/mood.toml").write_text(COLUMNS, encoding="utf-8")
    words = ("--service", "library", "--flow", "mood", "--title", "Mood", "--json")
    code = terminal("round", "new", *words).json["code"]
    answered(code, 5)
    assert terminal("export", "--round", code, "--out", "out.csv").status == 0
    with Path("out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["verb"] == "column"]
    assert {(row["person"], row["answer"]) for row in rows if row["state"] == "mood"} == {(n, "glad") for n in "12345"}
    assert [(row["person"], row["answer"]) for row in rows if row["state"] == "reply"] == [("1", "'=1+1")]
    assert [row["answer"] for row in rows if row["state"] == "form"] == ["'=B7"] * 5


def test_too_few_people_are_not_exported(terminal: Terminal) -> None:
    code = terminal.a_round()
    answered(code, 4)
    said = terminal("export", "--round", code, "--out", "out.csv")
    assert (said.status, said.err) == (1, "civicloop: 4 people answered; fewer than 5 are not shown.\n")
    assert not Path("out.csv").exists()


FINISHED = ("digest", "--service", "library", "--week", "2026-W47", "--now", "2026-11-24")
"""The digest of the week in which the answers of these tests were given, once it is over."""


def test_a_digest_is_shown_and_kept_in_every_form(terminal: Terminal) -> None:
    answered(terminal.a_round(), 12)
    said = terminal("digest", "--service", "library", "--week", "2026-W47", "--out", "kept")
    assert said.status == 0
    assert "Central Library" in said.out
    assert "All of it: " not in terminal(*FINISHED).out, "nobody has been sent it, so it has no page"
    kept = {path.suffix for path in Path("kept").iterdir()}
    assert {".json", ".txt", ".html", ".pdf", ".xlsx"} <= kept
    assert terminal("digest", "--service", "library", "--week", "2026-W47", "--json").json["period"] == "2026-W47"


def test_a_silent_week_has_no_digest(terminal: Terminal) -> None:
    said = terminal("digest", "--service", "library", "--now", "2026-11-25")
    assert said.status == 0
    assert said.out == "library, 2026-W47: nobody answered and no clock runs, so there is no digest.\n"


def test_a_digest_is_sent_once_to_each_manager(terminal: Terminal) -> None:
    terminal("invite", "--role", "manager", "--service", "library", "--mail", "ada@city.example")
    answered(terminal.a_round(), 12)
    first, second = terminal(*FINISHED, "--send").out, terminal(*FINISHED, "--send").out
    assert "1 messages queued" in first
    assert "0 messages queued" in second
    for shown in (first, second, terminal(*FINISHED).out):
        assert "All of it: http://127.0.0.1:8080/manage/digests/library/2026-W47" in shown


def test_a_week_that_still_runs_is_not_sent(terminal: Terminal) -> None:
    terminal("invite", "--role", "manager", "--service", "library", "--mail", "ada@city.example")
    answered(terminal.a_round(), 12)
    said = terminal("digest", "--service", "library", "--week", "2026-W47", "--send")
    assert said.status == 1
    assert "still running" in said.err


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("round", "list", "--state", "opened"), "open"),
        (("round", "list", "--service", "libary"), 'no service "libary"'),
        (("round", "new", *A_PULSE, "--set", "topik=Heating"), "Did you mean topic?"),
        (("invite", "--role", "manager", "--service", "library", "--mail", "not an address"), "no mail address"),
        (("invite", "--role", "manager", "--service", "library", "--language", "zz"), "There are: en, es."),
        (("digest", "--service", "library", "--language", "zz"), "There are: en, es."),
    ],
)
def test_a_slip_of_the_finger_is_told_and_nothing_is_kept(
    terminal: Terminal, words: tuple[str, ...], advice: str
) -> None:
    said = terminal(*words)
    assert said.status == 2
    assert advice in said.err
    assert terminal("round", "list", "--json").json == []


def test_a_list_that_is_empty_for_what_was_asked_says_so(terminal: Terminal) -> None:
    terminal("round", "new", *A_PULSE)
    assert "There is no such round." in terminal("round", "list", "--state", "closed").out


@pytest.mark.parametrize(("name", "begins"), [("q.svg", b"<svg"), ("q.png", b"\x89PNG")])
def test_a_round_has_a_qr_code_for_posters(terminal: Terminal, name: str, begins: bytes) -> None:
    code = terminal("round", "new", *A_PULSE, "--json").json["code"]
    said = terminal("round", "show", code, "--qr", name, "--json")
    assert said.json["chat"].endswith(f"/chat/{code}")
    assert (terminal.folder / name).read_bytes().startswith(begins)


def test_a_qr_code_is_a_picture(terminal: Terminal) -> None:
    code = terminal("round", "new", *A_PULSE, "--json").json["code"]
    assert terminal("round", "show", code, "--qr", "q.doc").status == 2
    assert terminal("round", "show", code, "--qr", "no/such/q.png").status == 1
