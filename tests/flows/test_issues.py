"""Every fault of an author is told once, with its file, its line and the mend."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from flows import form
from flows.catalog import PACKAGED, Catalog
from flows.issues import Issue, Limits
from flows.source import FlowTrouble, compile_files
from tests.flows.talk import PHRASES, files_of

HEAD = """flow = "small"
version = 1
stage = "design"
language = "en"
title = "Small"
start = "like"
"""
PLAIN = """
[states.like]
choose = "Do you like it?"
options = [
  { id = "yes", label = "Yes" },
  { id = "no", label = "No" },
]

[states.reason]
ask = "Why?"

[states.bye]
end = "Thank you."
"""
BANK = """bank = "core"
language = "en"

[items."core.easy"]
rate = "How easy or difficult was it?"
scale = "two"

[items."core.order"]
rank = "Put them in order."
options_from = "ideas"
"""
SCALES = """language = "en"
[scales.two]
options = [{ id = "5", label = "Good", value = 5 }, { id = "1", label = "Bad", value = 1 }]
[dont_know]
label = "Do not know"
"""
FRAME = """frame = "round"
language = "en"
start = "opening"

[states.opening]
say = "Hello."
next = "questions"

[states.thanks]
end = "Thank you."
"""
OTHERS = {**PHRASES, "items/core.toml": BANK, "items/scales.toml": SCALES, "frames/round.toml": FRAME}


WHOLE = 'number = "How many?"\nwhole = true'
TWO = 'options = [{ id = "a", label = "A" }, { id = "b", label = "B" }]'
LEADING = 'options = [{ id = "a", label = "A" }, { id = "b", label = "B", next = "bye" }]'


def found(text: str, channels: dict[str, Limits] | None = None, **beside: str) -> list[Issue]:
    """Return the issues of one flow's file and of what lies beside it."""
    files = {**OTHERS, "small.toml": text, **{name.replace("__", "."): one for name, one in beside.items()}}
    catalog = Catalog.of(files, channels) if channels else Catalog.of(files)
    return catalog.issues


def line_of(text: str, part: str) -> int:
    """Return the line in which `part` stands."""
    return text[: text.index(part)].count("\n") + 1


def test_a_good_flow_has_no_issue() -> None:
    assert found(HEAD + PLAIN) == []


def test_the_packaged_flows_have_no_issue() -> None:
    assert Catalog.load().issues == []


LONG = r"So it is.\n\n" * 500

# what stands there, what an author writes instead, where the fault is told, its code, what the message says
FAULTS = [
    ('ask = "Why?"', 'ask = "Why?"\nnext = "by"', 'next = "by"', "unknown-state", 'Did you mean "bye"?'),
    ('start = "like"', 'start = "liek"', "start", "unknown-state", 'Did you mean "like"?'),
    ('label = "No" }', 'label = "No", next = "nowhere" }', '{ id = "no"', "unknown-state", 'next = "nowhere"'),
    ("[states.bye]", "[states.reason]", "[states.reason]\nend", "duplicate-state", "stands already in line 15"),
    ("\n]\n", '\n]\nnext = "bye"\n', "[states.reason]", "unreachable-state", "no way leads to"),
    ('\n[states.bye]\nend = "Thank you."\n', "", "[states.reason]", "no-end", "to an end"),
    ('end = "Thank you."', 'ask = "More?"', "[states.bye]", "no-end", "to an end"),
    ('ask = "Why?"', 'say = "Hm."\nnext = "reason"', 'next = "reason"', "loop-without-question", "without a question"),
    ('ask = "Why?"', 'ask = "Why?"\nnexd = "bye"', "nexd", "unknown-key", 'Did you mean "next"?'),
    ('ask = "Why?"', 'aks = "Why?"', "[states.reason]", "verb", 'Did you mean "ask"?'),
    ('ask = "Why?"', 'ask = "Why?"\nsay = "Hm."', "[states.reason]", "verb", "Make two states"),
    ('ask = "Why?"', "ask = 3", "ask = 3", "bad-value", "a text in quotes"),
    ('ask = "Why?"', 'ask = "Why?"\nmost = "9"', "most", "bad-value", "without quotes"),
    ('ask = "Why?"', 'ask = "Why?"\nleast = 9\nmost = 3', "least", "bad-limits", "more than most"),
    ('ask = "Why?"', 'ask = "Why?"\nrole = "quotes"', "role", "bad-value", 'Did you mean "quote"?'),
    ('stage = "design"', 'stage = "desing"', "stage", "bad-value", 'Did you mean "design"?'),
    ("version = 1", 'version = "1"', "version", "bad-value", "a whole number"),
    ('title = "Small"\n', "", "flow", "missing-key", '"title" is missing'),
    ('flow = "small"', 'flow = "Small Flow"', "flow", "bad-value", "small letters"),
    ("[states.bye]", "[states.Bye]", "[states.Bye]", "bad-value", "small letter"),
    ('id = "yes", label = "Yes"', 'id = "yes"', '{ id = "yes" }', "missing-key", '"label" is missing'),
    ('{ id = "no", label', '{ id = "yes", label', '{ id = "yes", label = "No"', "duplicate-option", "twice"),
    ('label = "No"', 'label = "Yes"', "options", "same-label", "Tell them apart"),
    ('label = "No"', 'label = "Stop"', '{ id = "no"', "label-is-word", "STOP"),
    ('label = "No"', 'label = "2"', '{ id = "no"', "label-is-number", "Add a word"),
    ('ask = "Why?"', 'choose = "Why?"\noptions = []', "[states.reason]", "no-options", "offers nothing"),
    ('label = "No"', f'label = "{"No " * 30}"', '{ id = "no"', "label-too-long", "shows 64"),
    ('ask = "Why?"', f'ask = "{LONG}"', "[states.reason]", "text-too-long", "takes 4096"),
    ('ask = "Why?"', 'item = "core.eazy"', "item", "unknown-item", 'Did you mean "core.easy"?'),
    ('ask = "Why?"', 'rank = "Why?"', "[states.reason]", "no-options", "offers nothing"),
    ('ask = "Why?"', f'rank = "Why?"\nleast = 3\n{TWO}', "least", "bad-limits", "wants 3 picks and offers 2"),
    ('ask = "Why?"', f'allocate = "Why?"\npoints = 1\n{TWO}', "points", "bad-value", "must be 2 or more"),
    (
        'ask = "Why?"',
        'allocate = "Why?"\noptions = [{ id = "a", label = "A" }]',
        'id = "a"',
        "no-options",
        "compares options and offers one",
    ),
    (
        'ask = "Why?"',
        f'bestworst = "Why?"\n{LEADING}',
        'id = "a"',
        "bad-way",
        'Write the "next" of the state',
    ),
    ('ask = "Why?"', f'bestworst = "Why?"\nshows = 9\n{TWO}', "shows", "bad-value", "must be 5 or less"),
    ('ask = "Why?"', 'ask = "Why?"\njoins_within_seconds = 900', "joins", "bad-value", "must be 120 or less"),
    ('ask = "Why?"', 'ask = "Why?"\njoins_within_seconds = "20 s"', "joins", "bad-value", "a whole number"),
    ('ask = "Why?"', 'number = "How many?"\njoins_within_seconds = 20', "joins", "unknown-key", "there is no key"),
    ('ask = "Why?"', 'item = "core.easy"\njoins_within_seconds = 20', "joins", "unknown-key", "joins words"),
    ('ask = "Why?"', 'date = "When?"\nleast = "2026-02-31"', "least", "bad-value", 'or "today"'),
    ('ask = "Why?"', 'date = "When?"\nleast = "2026-03-02"\nmost = "2026-03-01"', "least", "bad-limits", "is later"),
    ('ask = "Why?"', 'item = "core.easy"\nmost = "today"', "most", "bad-value", "must be a number here"),
    ('ask = "Why?"', 'rate = "Why?"\nscale = "tow"', "scale", "unknown-scale", 'Did you mean "two"?'),
    ('ask = "Why?"', 'ask = "Why {servise}?"', "[states.reason]", "unknown-placeholder", 'Did you mean "service"?'),
    ('ask = "Why?"', 'review = "{list}"', "review", "verb", "frames only"),
    ('stage = "design"', 'stage = "design"\nframe = "rund"', "frame", "unknown-frame", 'Did you mean "round"?'),
    ("[states.bye]", "[states.", "[states.\n", "syntax", "not valid TOML"),
    (
        'ask = "Why?"',
        'ask = "Why?"\nnext = [{ when = { lik = "yes" }, to = "bye" }, { to = "bye" }]',
        "next",
        "bad-comparison",
        'Did you mean "like"?',
    ),
    (
        'ask = "Why?"',
        'ask = "Why?"\nnext = [{ when = { like = "yess" }, to = "bye" }, { to = "bye" }]',
        "next",
        "bad-comparison",
        'Did you mean "yes"?',
    ),
    (
        'ask = "Why?"',
        'ask = "Why?"\nnext = [{ when = { like = { less = 3 } }, to = "bye" }, { to = "bye" }]',
        "next",
        "bad-comparison",
        "no value",
    ),
    (
        'ask = "Why?"',
        'ask = "Why?"\nnext = [{ when = { "@chanel" = "web" }, to = "bye" }, { to = "bye" }]',
        "next",
        "bad-comparison",
        'Did you mean "@channel"?',
    ),
    (
        'ask = "Why?"',
        'ask = "Why?"\nnext = [{ when = { like = { iz = "yes" } }, to = "bye" }, { to = "bye" }]',
        "next",
        "unknown-key",
        '"iz"',
    ),
    (
        'ask = "Why?"',
        'ask = "Why?"\nnext = [{ when = { like = "yes" }, to = "bye" }]',
        "next",
        "no-default",
        "as the last",
    ),
    (
        'ask = "Why?"',
        'ask = "Why?"\nnext = [{ to = "bye" }, { when = { like = "yes" }, to = "bye" }]',
        "next",
        "dead-way",
        "always holds",
    ),
    (
        'ask = "Why?"',
        'ask = "Why?"\nnext = [{ when = { "@channel" = "telegrm" }, to = "bye" }, { to = "bye" }]',
        "next",
        "bad-comparison",
        'no channel "telegrm". Did you mean "telegram"?',
    ),
    (
        'ask = "Why?"',
        'ask = "Why?"\nnext = [{ when = { "@channel" = { contains = "gramm" } }, to = "bye" }, { to = "bye" }]',
        "next",
        "bad-comparison",
        'no channel "gramm"',
    ),
    ('ask = "Why?"', 'number = "How many?"\nleast = nan', "least", "bad-value", "such as 1 or 2.5, not nan"),
    ('ask = "Why?"', 'number = "How many?"\nmost = inf', "most", "bad-value", "such as 1 or 2.5, not inf"),
    ('ask = "Why?"', f"{WHOLE}\nleast = 1.2\nmost = 1.8", "least", "bad-limits", "no whole number lies between"),
    ('ask = "Why?"', f"{WHOLE}\nleast = 1.8\nmost = 1.2", "least", "bad-limits", "is more than most"),
    ("version = 1", f"version = {10**30}", "version", "bad-value", "longer than any"),
    ('language = "en"', 'language = "klingon"', "language", "bad-value", 'such as "en"'),
    ('start = "like"', "start = 5", "start", "bad-value", "a text in quotes"),
    ('title = "Small"', 'title = "Small', "title", "syntax", "not valid TOML"),
    ('ask = "Why?"', 'ask = "Why?', "ask", "syntax", "not valid TOML"),
    ('flow = "small"', 'flow = "small"\nflow = "small"', 'flow = "small"\nversion', "syntax", "not valid TOML"),
]


@pytest.mark.parametrize(
    ("was", "wrong", "at", "code", "says"), FAULTS, ids=[f"{n}-{one[3]}" for n, one in enumerate(FAULTS)]
)
def test_a_fault_is_told_once_with_its_line_and_the_mend(was: str, wrong: str, at: str, code: str, says: str) -> None:
    good = HEAD + PLAIN
    assert was in good
    text = good.replace(was, wrong, 1)
    issues = [issue for issue in found(text) if issue.code == code]
    assert len(issues) == 1, [str(issue) for issue in found(text)]
    assert (issues[0].file, issues[0].line) == ("small.toml", line_of(text, at)), str(issues[0])
    assert says in issues[0].message
    assert [str(issue) for issue in found(text) if issue.code != code] == []


def test_an_issue_reads_as_a_sentence() -> None:
    issue = found((HEAD + PLAIN).replace('ask = "Why?"', 'ask = "Why?"\nnext = "by"'))[0]
    assert str(issue) == 'small.toml, line 17: next = "by": no such state. Did you mean "bye"?'


TEN = """flow = "small"
version = "1"
stage = "desing"
language = "en"
title = "Small"
start = "like"
frmae = "round"

[states.like]
choose = "Do you like {servise}?"
options = [
  { id = "yes", label = "Yes" },
  { id = "no", lable = "No" },
  { id = "yes", label = "Maybe" },
]

[states.reason]
ask = "Why?"
next = [{ when = { like = "yep" }, to = "bye" }, { to = "by" }]

[states.like]
say = "Again."

[states.easy]
item = "core.eazy"

[states.order]
rank = "Order?"

[states.bye]
end = "Thank you."
"""


def test_ten_faults_in_one_file_are_told_at_once_each_with_its_line() -> None:
    issues = found(TEN)
    assert {(issue.line, issue.code) for issue in issues} >= {
        (2, "bad-value"),
        (3, "bad-value"),
        (7, "unknown-key"),
        (13, "unknown-key"),
        (13, "missing-key"),
        (19, "unknown-state"),
        (21, "duplicate-state"),
        (25, "unknown-item"),
        (27, "no-options"),
    }
    assert len({issue.line for issue in issues}) >= 8
    assert len(issues) == len({(issue.file, issue.line, issue.message) for issue in issues})
    readable = TEN.replace('lable = "No"', 'label = "No"')
    more = {(issue.line, issue.code) for issue in found(readable)}
    assert {(9, "unknown-placeholder"), (14, "duplicate-option"), (19, "bad-comparison")} <= more


def test_an_empty_question_and_a_torn_first_line_are_told_in_plain_words() -> None:
    assert "is empty. Write it." in str(found((HEAD + PLAIN).replace('ask = "Why?"', 'ask = ""'))[0])
    (issue,) = Catalog.of({**OTHERS, "torn.toml": 'flow = "torn\n'}).issues
    assert (issue.file, issue.line, issue.code) == ("torn.toml", 1, "syntax")


WAYS = """flow = "small"
version = 1
stage = "design"
language = "en"
title = "Small"
start = "which"

[states.which]
choose = "Which?"
options = [
  { id = "a", label = "A", next = "nowhere" },
  { id = "b", label = "B", next = "round" },
  { id = "c", label = "C", next = "trap" },
  { id = "d", label = "D", next = "esy" },
]
next = "bye"

[states.round]
say = "Round"
next = "round"

[states.trap]
ask = "Why?"
next = "again"

[states.again]
ask = "And why?"
next = "trap"

[states.island]
ask = "Nobody comes here."
next = "bye"

[states.easy]
item = "core.eazy"
next = "bye"

[states.island]
ask = "Twice?"

[states.bye]
end = "Thank you."
"""


def test_faults_of_the_ways_are_told_beside_all_others_and_none_for_what_only_follows() -> None:
    assert [(issue.line, issue.code) for issue in found(WAYS)] == [
        (11, "unknown-state"),
        (14, "unknown-state"),
        (20, "loop-without-question"),
        (22, "no-end"),
        (30, "unreachable-state"),
        (35, "unknown-item"),
        (38, "duplicate-state"),
    ]


def test_a_flow_with_faults_cannot_be_compiled_and_says_all_of_them() -> None:
    with pytest.raises(FlowTrouble) as trouble:
        compile_files({**OTHERS, "small.toml": TEN})
    assert len(trouble.value.issues) >= 9
    assert "small.toml, line 27" in str(trouble.value)


def test_a_flow_whose_head_is_wrong_is_not_offered() -> None:
    """A version that cannot be read must not be taken for another."""
    wrong = (HEAD + PLAIN).replace("version = 1", 'version = "2"')
    assert Catalog.of({**OTHERS, "small.toml": wrong}).flows == []


def test_a_flow_that_lacks_a_state_is_not_offered() -> None:
    twice = (HEAD + PLAIN).replace("[states.bye]", "[states.reason]")
    assert Catalog.of({**OTHERS, "small.toml": twice}).flows == []


def test_a_promise_of_minutes_is_checked() -> None:
    long = "".join(f'[states.q{n}]\nask = "Question {n}?"\n' for n in range(8)) + '[states.bye]\nend = ""\n'
    head = HEAD.replace("like", "q0") + "promise_minutes = 2\n"
    assert [(issue.line, issue.code, issue.severity) for issue in found(head + long)] == [(7, "promise", "warning")]


@pytest.mark.parametrize("count", [0, 2])
def test_a_bundle_holds_one_flow(count: int) -> None:
    files = {f"{n}.toml": (HEAD + PLAIN).replace("version = 1", f"version = {n + 1}") for n in range(count)}
    with pytest.raises(FlowTrouble, match="one flow was expected"):
        compile_files({**OTHERS, **files})


# --------------------------------------------------------------------------- frames

FRAMED = (HEAD + PLAIN).replace('title = "Small"', 'title = "Small"\nframe = "round"')


def test_a_state_of_the_flow_may_not_have_the_name_of_one_of_the_frame() -> None:
    clash = FRAMED.replace("states.bye", "states.thanks")
    assert [(issue.line, issue.code) for issue in found(clash)] == [(line_of(clash, "[states.thanks]"), "frame-clash")]


def test_the_last_question_of_a_framed_flow_leads_to_thanks() -> None:
    flow = compile_files({**OTHERS, "small.toml": FRAMED.replace('[states.bye]\nend = "Thank you."\n', "")})
    assert flow.start == "opening"
    assert flow.scripts["en"].states["reason"].next[0].to == "thanks"
    assert flow.scripts["en"].states["opening"].next[0].to == "like"


def test_a_frame_without_thanks_is_told() -> None:
    frame = FRAME.replace("states.thanks", "states.bye_bye")
    text = FRAMED.replace('[states.bye]\nend = "Thank you."\n', "")
    issues = Catalog.of({**OTHERS, "frames/round.toml": frame, "small.toml": text}).issues
    assert ("small.toml", "unknown-state") in {(issue.file, issue.code) for issue in issues}


def test_more_than_fifteen_questions_are_too_many() -> None:
    many = "".join(f'[states.q{n}]\nask = "Question {n}?"\n' for n in range(16))
    issues = found(HEAD.replace("like", "q0") + many + '[states.bye]\nend = "Bye"\n')
    assert [issue.code for issue in issues] == ["too-many-questions"]
    branches = "".join(f'[states.q{n}]\nask = "Question {n}?"\nnext = "bye"\n' for n in range(1, 16))
    first = "".join(f'{{ id = "a{n}", label = "A {n}", next = "q{n}" }},' for n in range(1, 16))
    wide = f'[states.q0]\nchoose = "Which?"\noptions = [{first}]\n{branches}[states.bye]\nend = "Bye"\n'
    assert found(HEAD.replace("like", "q0") + wide) == [], "only what one citizen can meet is counted"


def test_the_limits_of_a_channel_are_named() -> None:
    issues = found(HEAD + PLAIN, {"sms": Limits(text=20, label=2)})
    assert {(issue.code, issue.line) for issue in issues} == {
        ("text-too-long", line_of(HEAD + PLAIN, "[states.like]")),
        ("label-too-long", line_of(HEAD + PLAIN, '{ id = "yes"')),
    }
    assert all("sms" in issue.message for issue in issues)


def test_a_button_must_carry_its_state_and_option() -> None:
    text = (HEAD + PLAIN).replace("states.like", f"states.l{'x' * 29}").replace('"like"', f'"l{"x" * 29}"')
    issues = found(text.replace('"yes"', f'"{"y" * 40}"'))
    assert [issue.code for issue in issues] == ["button-too-long"]


# --------------------------------------------------------------------------- translations

SPANISH = """of = { flow = "small", version = 1 }
language = "es"
title = "Pequeño"

[states.like]
choose = "¿Le gusta?"
options = { yes = "Sí", no = "No" }

[states.reason]
ask = "¿Por qué?"

[states.bye]
end = "Gracias."
"""


def test_a_whole_translation_has_no_issue() -> None:
    assert found(HEAD + PLAIN, small__es__toml=SPANISH) == []


@pytest.mark.parametrize(
    ("was", "now", "at", "code", "says"),
    [
        ('ask = "¿Por qué?"', "", "[states.reason]", "missing-translation", 'the text of "reason"'),
        (', no = "No"', "", "[states.like]", "missing-translation", 'option "no" of "like"'),
        ('title = "Pequeño"\n', "", "of", "missing-translation", "title"),
        ("version = 1", "version = 2", "of", "outdated-translation", "translates version 2"),
        ('flow = "small", ', 'flow = "smal", ', "of", "unknown-source", "translates nothing"),
        ("[states.bye]", "[states.by]", "[states.by]", "unknown-translation", 'Did you mean "bye"?'),
        ('no = "No"', 'no = "No", nay = "Nones"', "options", "unknown-translation", 'option "nay"'),
        ('ask = "¿Por qué?"', 'askk = "¿Por qué?"', "askk", "unknown-key", 'Did you mean "ask"?'),
        ('ask = "¿Por qué?"', 'ask = "¿Por qué, {truco}?"', "ask", "unknown-placeholder", "{truco}"),
        ('choose = "¿Le', 'why = "{truco}"\nchoose = "¿Le', "why", "unknown-placeholder", "{truco}"),
        ('yes = "Sí"', 'yes = "{truco}"', "options", "unknown-placeholder", "{truco}"),
        ('no = "No"', 'no = "Sí"', "options", "same-label", "2 options"),
        ('no = "No"', 'no = "2"', "options", "label-is-number", 'option "no" (es)'),
        ('no = "No"', 'no = "Ayuda"', "options", "label-is-word", "HELP"),
        ('no = "No"', f'no = "{"No " * 30}"', "options", "label-too-long", "shows 64"),
        ('ask = "¿Por qué?"', f'ask = "{LONG}"', "ask", "text-too-long", "takes 4096"),
        ('choose = "¿Le', 'choose = "Son 0,01 minutos. ¿Le', "choose", "promise", "promises 0.01 minutes"),
    ],
)
def test_a_fault_of_a_translation_is_told(was: str, now: str, at: str, code: str, says: str) -> None:
    text = SPANISH.replace(was, now, 1)
    issues = [issue for issue in found(HEAD + PLAIN, small__es__toml=text) if issue.code == code]
    assert [(issue.file, issue.line) for issue in issues] == [("small.es.toml", line_of(text, at))]
    assert says in issues[0].message


def test_words_of_an_item_and_its_scale_are_told_where_they_were_translated() -> None:
    text = (HEAD + PLAIN).replace('ask = "Why?"', 'item = "core.easy"')
    spanish = SPANISH.replace('[states.reason]\nask = "¿Por qué?"\n', "")
    core = 'of = { bank = "core" }\nlanguage = "es"\n[items."core.easy"]\nrate = "¿Fue {facil}?"\n'
    core += '[items."core.order"]\nrank = "Ordene."\n'
    scales = 'of = { scales = "scales" }\nlanguage = "es"\n[dont_know]\nlabel = "No sé"\n'
    scales += '[scales.two]\noptions = { 5 = "Bien", 1 = "2" }\n'
    beside = {"items/core.es.toml": core, "items/scales.es.toml": scales, "small.es.toml": spanish}
    issues = Catalog.of({**OTHERS, "small.toml": text, **beside}).issues
    assert [(issue.file, issue.line, issue.code) for issue in issues] == [
        ("items/core.es.toml", 4, "unknown-placeholder"),
        ("items/scales.es.toml", 6, "label-is-number"),
    ]


def test_a_fault_of_a_file_is_told_without_what_only_follows_from_it() -> None:
    """Where no state could be read, a wrong or missing start is one fault and no second one."""
    text = HEAD + '[states.a]\nasc = "Why?"\n'
    assert [issue.code for issue in found(text.replace('start = "like"', "start = 5"))] == ["bad-value", "verb"]
    assert [issue.code for issue in found(text.replace('start = "like"', ""))] == ["missing-key", "verb"]
    assert [issue.code for issue in found('flow = "small"\nflow = "small"\n')] == ["syntax"]


@pytest.mark.parametrize("channel", ["telegram", "web", "console"])
def test_a_channel_that_is_there_can_be_compared_with(channel: str) -> None:
    ways = f'next = [{{ when = {{ "@channel" = "{channel}" }}, to = "bye" }}, {{ to = "bye" }}]'
    assert found((HEAD + PLAIN).replace('ask = "Why?"', f'ask = "Why?"\n{ways}')) == []


def test_a_language_without_phrases_is_told_once() -> None:
    issues = found(HEAD + PLAIN, small__fr__toml=SPANISH.replace('"es"', '"fr"'))
    assert [issue.code for issue in issues if issue.code != "missing-phrase"] == ["missing-translation"]
    assert "phrases.fr.toml" in issues[0].message
    assert (issues[0].file, issues[0].line) == ("small.fr.toml", 2)


def test_an_item_without_translation_is_told_at_the_bank() -> None:
    spanish = 'of = { bank = "core" }\nlanguage = "es"\n[items."core.easy"]\nrate = "¿Fue fácil?"\n'
    issues = Catalog.of({**OTHERS, "items/core.es.toml": spanish}).issues
    assert {(issue.file, issue.code) for issue in issues} == {("items/core.es.toml", "missing-translation")}
    assert any('"core.order"' in issue.message for issue in issues)


# --------------------------------------------------------------------------- nothing breaks the reader


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(HEAD + PLAIN)), st.integers(0, 12), st.text(max_size=6) | st.sampled_from('"{}[]=,\n')
        ),
        min_size=1,
        max_size=4,
    )
)
def test_no_file_breaks_the_reader(cuts: list[tuple[int, int, str]]) -> None:
    text = HEAD + PLAIN
    for at, length, instead in cuts:
        text = text[:at] + instead + text[at + length :]
    for issue in found(text):
        assert issue.message
        assert issue.line >= 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x00",
        "states = 3",
        "flow = 3\nstates = []",
        "[states]\na = 1",
        "of = 1",
        "phrases = 1",
        "\ufeff" + HEAD + PLAIN,
    ],
)
def test_odd_files_are_told_or_read(text: str) -> None:
    assert isinstance(found(text), list)


@pytest.mark.parametrize(
    ("file", "was", "now"),
    [
        ("items/scales.toml", "[scales.two]", "[skales.two]"),
        ("items/scales.toml", "[dont_know]", "[dont_no]"),
        ("items/scales.toml", 'id = "5"', "id = 5"),
        ("items/core.toml", "rate =", "raet ="),
        ("items/core.toml", 'bank = "core"', "bank = 3"),
        ("frames/round.toml", 'frame = "round"', "frame = []"),
        ("frames/round.toml", "[states.opening]", "[states.opening"),
        ("frames/phrases.toml", "[words]", "[word]"),
        ("frames/phrases.toml", "[phrases]", "[phrases.more]"),
    ],
)
def test_a_fault_in_what_flows_share_is_told_in_that_file(file: str, was: str, now: str) -> None:
    text = (
        (HEAD + PLAIN)
        .replace('title = "Small"', 'title = "Small"\nframe = "round"')
        .replace('ask = "Why?"', 'item = "core.easy"')
    )
    files = {**OTHERS, "small.toml": text, file: OTHERS[file].replace(was, now)}
    assert file in {issue.file for issue in Catalog.of(files).issues}


# --------------------------------------------------------------------------- the schema editors use


def test_the_schema_is_current() -> None:
    assert (PACKAGED / "flow.schema.json").read_text(encoding="utf-8") == form.schema(), "run: python -m flows.form"


def test_the_schema_takes_every_packaged_flow_and_refuses_a_fault() -> None:
    import tomllib  # noqa: PLC0415 - only here

    schema = json.loads(form.schema())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    files = [file for file in (PACKAGED / "stages").rglob("*.toml") if not re.search(r"\.[a-z]{2}\.toml$", file.name)]
    assert files
    for file in files:
        assert list(validator.iter_errors(tomllib.loads(file.read_text(encoding="utf-8")))) == []
    wrong = tomllib.loads(files_of(PLAIN, start="like")["small.toml"].replace("ask =", "aks ="))
    assert list(validator.iter_errors(wrong))
