"""A day of several people through every door of a city, each with words that are found again wherever they come out."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx

from tests.journeys.test_invited_by_mail import text_of
from tests.journeys.test_three_people import RECORD
from tests.journeys.town import MONDAY, Town

if TYPE_CHECKING:
    from tests.support.botapi.client import Citizen

ADDRESSES = {
    "the number of somebody at Telegram": "7700123456789",
    "the number of another at Telegram": "7700987654321",
    "a mail address on a list": "zenobia.quillfeather@home.example",
    "a mail address that the server refuses": "gone.quillfeather@home.example",
    "a manager's mail address": "maxima.underwood@hall.example",
}
"""Where people are reached."""
NAMES = {"a name at Telegram": "Zinaidaquill", "another name at Telegram": "Oswaldofern"}
TEXTS = {
    "an answer at Telegram": "The zephyrine lamp at the door is broken",
    "a telephone number in an answer": "020 7946 0958",
    "an answer on the web": "The quixotine shelf stands crooked",
    "a letter to the service": "My wobblegate does not open",
    "a reply of the city": "We mend the snickersnee on Friday",
    "what follows a command that nobody knows": "grimalkin-bower",
}
"""What people write."""
SECRETS = {
    "the mail server's password": "vorpal-word-for-mail",
    "the secret of the webhook": "vorpal_word_for_telegram",
}
BEGUN = (("16 or older", "Yes"), ("Shall we begin", "Yes, let us begin"), ("how was your experience", "Poor"))


@dataclass
class Told:
    """Everything that came out, by where."""

    tokens: dict[str, str] = field(default_factory=dict)
    """Links, cookies, receipts and the like that were handed out, each by what it is."""
    public: dict[str, str] = field(default_factory=dict)
    """Pages, files and measures that anybody may read."""
    staff: dict[str, str] = field(default_factory=dict)
    """What managers read: pages, digests, mails."""
    team: dict[str, str] = field(default_factory=dict)
    """Files for those who work on the answers."""
    operator: dict[str, str] = field(default_factory=dict)
    """What the command line prints about rounds and the installation."""


def lived(town: Town) -> Told:
    """Play the day; the town is up before and after."""
    told = Told()
    code = town.open_pulse("library")
    maya = _manager(town, told)
    first, second = ADDRESSES["the number of somebody at Telegram"], ADDRESSES["the number of another at Telegram"]
    answers(town, town.telegram.citizen(int(first), name=NAMES["a name at Telegram"]), code, told)
    cast = [{"id": n, "name": "Ana", "language_code": "en", "script": _script(code)} for n in range(601, 613)]
    assert town.telegram.play(cast) == {}
    _troubles(town, int(second))
    _writes(town.telegram.citizen(int(second), name=NAMES["another name at Telegram"]), maya)
    _on_the_web(town, code, told)
    _by_mail(town, told)
    with _Desk(town, told) as desk:
        _looks(town, desk, code, told)
    return told


def _manager(town: Town, told: Told) -> Citizen:
    """Somebody who gets the digest in Telegram, and another who gets it by mail."""
    links = town.asks("invite", "--role", "manager", "--service", "library", "--name", "Maya")
    told.tokens["an invitation in Telegram"] = re.split(r"[= ]", links["telegram"])[-1]
    maya = town.telegram.citizen(501, name="Maya")
    maya.sends(links["telegram"])
    maya.sees("manager")
    mail = ADDRESSES["a manager's mail address"]
    town.asks("invite", "--role", "manager", "--service", "library", "--name", "Maxima", "--mail", mail)
    return maya


def answers(town: Town, citizen: Citizen, code: str, told: Told) -> None:
    """Answer a pulse, with what leads to a person in it, to the receipt, and send what is no answer."""
    citizen.sends(f"/start {code}")
    for question, label in BEGUN:
        citizen.answers(question, label)
    citizen.sees("main reason")
    citizen.sends(f"{TEXTS['an answer at Telegram']}, call {TEXTS['a telephone number in an answer']}")
    citizen.answers("leads to a person", "Keep")
    for _ in range(12):
        said = str(citizen.sees("")["text"])
        if receipt := re.search(r"receipt is ([A-Z0-9-]+)", said):
            told.tokens["a receipt"] = receipt[1]
            break
        citizen.sends("yes" if "quote" in said else "skip" if "skip" in said.lower() else "1")
    assert "a receipt" in told.tokens
    citizen.sends(f"/{TEXTS['what follows a command that nobody knows']}")
    citizen.sees("")
    citizen.sends_photo(TEXTS["an answer at Telegram"])
    citizen.sees("")


def _script(code: str) -> list[list[str]]:
    """What others do who answer, so that there are enough to be told of."""
    rest = ("main reason", "skip"), ("went badly", "1"), ("step", "skip"), ("act on it", "skip"), ("will count", "skip")
    typed = [
        step
        for asked, text in (*rest, ("quote", "no"), ("invite", "no"))
        for step in (["sees", asked], ["sends", text])
    ]
    return [["sends", f"/start {code}"], *(["answers", *each] for each in BEGUN), *typed, ["sees", "receipt"]]


def _troubles(town: Town, number: int) -> None:
    """What no program foresees, so that the log tells of it: updates nobody can read, and a Bot API that says no."""
    text = TEXTS["an answer at Telegram"]
    town.telegram.emit("message", {"message_id": 9, "chat": {"id": number, "type": 5}, "text": text}, checked=False)
    town.telegram.emit("message", {"message_id": "x", "text": [text]}, checked=False)
    town.telegram.fault("sendMessage", status=400, description=f"Bad Request: {text}", times=1, chat=number)


def _writes(citizen: Citizen, maya: Citizen) -> None:
    """A letter to the service, and its answer."""
    citizen.sends("/start")
    citizen.sends("/human")
    citizen.sends(TEXTS["a letter to the service"])
    citizen.sends("/mydata")
    maya.sees("A citizen writes about")
    maya.taps("Reply")
    maya.sees("Write your answer for thread")
    maya.sends(TEXTS["a reply of the city"])
    citizen.sees(TEXTS["a reply of the city"])


def _on_the_web(town: Town, code: str, told: Told) -> None:
    with httpx.Client(base_url=town.url, headers={"origin": town.url}, follow_redirects=True, timeout=60) as browser:
        page = browser.get(f"/chat/{code}")
        page = browser.post("/chat/start", data={"code": code, "nonce": _nonce(page)})
        told.tokens["a cookie of the chat"] = browser.cookies["civicloop_chat"]
        for label in ("Yes", "Yes, let us begin", "Poor"):
            page = browser.post("/chat", data=_button(page, label))
        page = browser.post("/chat", data={"text": TEXTS["an answer on the web"], "nonce": _nonce(page)})
        assert TEXTS["an answer on the web"] in page.text
        page = browser.post("/chat", data={"word": "human", "nonce": _nonce(page)})


def _by_mail(town: Town, told: Told) -> None:
    """A round asks two addresses by mail; one of them is refused by the server."""
    (town.folder / "record.toml").write_text(RECORD, encoding="utf-8")
    listed = [ADDRESSES["a mail address on a list"], ADDRESSES["a mail address that the server refuses"]]
    (town.folder / "residents.csv").write_text("mail,language\n" + "".join(f"{each},en\n" for each in listed), "utf-8")
    facts = ("--service", "library", "--flow", "option_round", "--title", "When should we open?")
    code = town.asks("round", "new", *facts, "--record", "record.toml", "--to", "2027-02-01")["code"]
    town.civicloop("round", "list-in", code, "residents.csv", "--ground", "residents, article 6 (1) e GDPR")
    (town.folder / "residents.csv").unlink()
    town.civicloop("invite", "--role", "approver", "--service", "library", "--name", "Ines", "--mail", "i@hall.example")
    town.civicloop("round", "approve", code, "--as", "Ines")
    town.civicloop("round", "open", code)
    mails = town.until("they are asked by mail", lambda: [m for m in town.post.messages if m["To"] == listed[0]])
    told.tokens["a link that stops mails"] = mails[0]["List-Unsubscribe"].partition("/stop/")[2].partition(">")[0]
    assert told.tokens["a link that stops mails"] in text_of(mails[0])
    told.operator["the people of a round"] = town.civicloop("round", "audience", code)
    told.operator["a round asked by mail"] = town.civicloop("round", "show", code, "--json")


class _Desk:
    """An organiser at a browser, without a script."""

    def __init__(self, town: Town, told: Told) -> None:
        link = town.asks("invite", "--role", "organiser", "--service", "library", "--name", "Olive")["web"]
        token = link.partition("token=")[2]
        self.browser = httpx.Client(base_url=town.url, headers={"origin": town.url}, follow_redirects=True, timeout=60)
        self.browser.get(link.removeprefix(town.url)).raise_for_status()
        self.browser.post("/manage/sign-in", data={"token": token}).raise_for_status()
        told.tokens["a link to sign in"] = token
        told.tokens["a cookie of the staff"] = self.browser.cookies["civicloop_staff"]

    def __enter__(self) -> httpx.Client:
        return self.browser

    def __exit__(self, *_error: object) -> None:
        self.browser.close()


def _looks(town: Town, desk: httpx.Client, code: str, told: Told) -> None:
    """Everybody looks at what there is to look at, the public too, and some ask for what they may not have."""
    for path in ("/manage", f"/manage/rounds/{code}", "/manage/digests", f"/manage/rounds/{code}/numbers"):
        told.staff[path] = desk.get(path).raise_for_status().text
    told.team["answers.csv"] = _exported(town, code, "--every-text")
    town.set_clock(MONDAY + timedelta(days=7))
    told.staff["a digest on the command line"] = town.civicloop("digest", "--service", "library")
    town.civicloop("digest", "--service", "library", "--send")
    mail = ADDRESSES["a manager's mail address"]
    town.until("the digest comes by mail", lambda: [each for each in town.post.messages if each["To"] == mail])
    town.civicloop("round", "close", code)
    town.set_clock(MONDAY + timedelta(days=23))
    town.until("it is counted", lambda: "counted" in {each["what"] for each in town.asks("round", "show", code)["log"]})
    told.operator["a round"] = town.civicloop("round", "show", code, "--json")
    told.operator["all rounds"] = town.civicloop("round", "list", "--json")
    told.operator["doctor"] = town.until("what the leap of days made late is done", lambda: _well(town))
    told.operator["inbox"] = town.civicloop("inbox", "list")
    _published(town, code, told)


def _well(town: Town) -> str:
    """Return what doctor says once it finds nothing that fails; nothing before."""
    with suppress(AssertionError):
        return town.civicloop("doctor")
    return ""


def _exported(town: Town, code: str, *options: str) -> str:
    file = town.folder / "answers.csv"
    town.civicloop("export", code, "--out", str(file), *options)
    text = file.read_text(encoding="utf-8")
    for each in town.folder.glob("answers*"):
        each.unlink()
    return text


def _published(town: Town, code: str, told: Told) -> None:
    text, token = TEXTS["an answer at Telegram"], "no-such-token-4711"
    with httpx.Client(base_url=town.url, timeout=60) as anybody:
        for path in (
            "/",
            "/privacy",
            f"/rounds/{code}",
            f"/rounds/{code}/figures.csv",
            "/metrics",
            "/readyz",
            "/healthz",
        ):
            told.public[path] = anybody.get(path).text
        for path in (f"/rounds/{text}", f"/stop/{token}", f"/manage/sign-in?token={token}", f"/manage/rounds/{code}"):
            told.public[path] = anybody.get(path).text
        told.public["a form from elsewhere"] = anybody.post("/chat", data={"text": text}, headers=ELSEWHERE).text
        told.public["an update from elsewhere"] = anybody.post("/telegram", content=text).text
    told.public["figures for everybody"] = _exported(town, code, "--for", "publication")


ELSEWHERE = {"origin": "https://elsewhere.example"}


def _nonce(page: httpx.Response) -> str:
    found: list[str] = re.findall(r'name="nonce" value="([^"]+)"', page.text)
    return found[0]


def _button(page: httpx.Response, label: str) -> dict[str, Any]:
    shown = re.findall(r'<button name="data" value="([^"]+)"[^>]*>(?:✓ )?<bdi>([^<]*)</bdi>', page.text)
    return {"data": next(data for data, text in shown if text == label), "nonce": _nonce(page)}
