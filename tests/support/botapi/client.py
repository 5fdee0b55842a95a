"""The server driven from another process, in plain synchronous words: for journeys with the real bot process."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tests.support.botapi.schema import Json

LONGEST_CALL = 600.0


@contextlib.contextmanager
def running(*, port: int = 0, patience: float = 20.0) -> Iterator[Client]:
    """Start a server as a process of its own, on a free port unless told one; stop it after the block."""
    command = [sys.executable, "-m", "tests.support.botapi", "--port", str(port), "--patience", str(patience)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            with contextlib.closing(Client(process.stdout.readline().strip())) as client:
                yield client
        finally:
            process.terminate()


class Client:
    """Everything `BotApi` offers, over HTTP. `url` is both the Bot API's address and this door's."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._line = http.client.HTTPConnection(urlsplit(url).netloc, timeout=LONGEST_CALL)
        self.token: str = self.state()["token"]

    def close(self) -> None:
        """Let go of the line."""
        self._line.close()

    def citizen(self, identity: int, *, name: str = "Ana", language_code: str | None = "en") -> Citizen:
        """Return the person with this id; they are new the first time."""
        self.ask("citizen", id=identity, name=name, language_code=language_code)
        return Citizen(self, identity)

    def play(self, people: Sequence[Json], *, at_once: int = 50) -> dict[int, str]:
        """Let many people talk at once (see `BotApi.play`); return what failed, by person."""
        failed = self.ask("play", people=list(people), at_once=at_once)
        return {int(identity): story for identity, story in failed.items()}

    def fault(self, method: str = "*", **more: Any) -> None:
        """Arrange that something goes wrong; see `Fault`."""
        self.ask("fault", method=method, **more)

    def mend(self) -> None:
        """Forget all faults."""
        self.ask("mend")

    def admit(self, first: int, many: int) -> None:
        """Let so many people, with ids from `first`, have started the bot long ago: it may write to them."""
        self.ask("admit", first=first, many=many)

    def sent(self, words: str) -> Json:
        """Return of all messages with these words to whom one went, how often, and when; see `BotApi.sent`."""
        told: Json = self.ask("sent", words=words)
        return told

    def limit(self, **pace: Any) -> None:
        """Refuse with 429 whatever is sent faster; see `BotApi.limit`."""
        self.ask("limit", **pace)

    def bring_webhooks_to(self, door: str | None) -> None:
        """Bring updates to this address (scheme, host, port) whatever public one the bot gave."""
        self.ask("door", door=door)

    def emit(self, kind: str, content: Any, *, checked: bool = True) -> int | None:
        """Let any update arrive."""
        emitted: int | None = self.ask("emit", kind=kind, content=content, checked=checked)
        return emitted

    def set_clock(self, moment: datetime | None) -> None:
        """Hold the date of messages at this moment; None: the wall clock."""
        self.ask("clock", moment=moment.isoformat() if moment else None)

    def state(self) -> Json:
        """Return token, violations, updates pending, answers held back, requests by kind and fate, menus, webhook."""
        state: Json = self.ask("state")
        return state

    @property
    def violations(self) -> list[str]:
        """What was not as the Bot API says; empty in a good journey."""
        violations: list[str] = self.state()["violations"]
        return violations

    def ask(self, act: str, **asked: Any) -> Any:
        """Call the door; what fails there fails here as an `AssertionError` with the chat in it."""
        self._line.request("POST", f"/control/{act}", json.dumps(asked))
        answer = json.loads(self._line.getresponse().read())
        if not answer["ok"]:
            raise AssertionError(answer["failed"])
        return answer["result"]


class Citizen:
    """A person with a phone; the same verbs as `tests.support.botapi.citizen.Citizen`, synchronous."""

    def __init__(self, client: Client, identity: int) -> None:
        self._client = client
        self.id = identity

    def _does(self, verb: str, *words: Any, **ways: Any) -> Any:
        return self._client.ask(f"citizen/{self.id}/{verb}", words=words, ways=ways)

    def sends(self, text: str) -> Json:
        """Type a text or a command and send it."""
        message: Json = self._does("sends", text)
        return message

    def sends_photo(self, caption: str = "") -> Json:
        """Send a picture, perhaps with words."""
        message: Json = self._does("sends_photo", caption)
        return message

    def sends_file(self, name: str, mime_type: str, content: str) -> Json:
        """Send a file of text as a file."""
        message: Json = self._does("sends_file", name, mime_type, content)
        return message

    def sends_sticker(self) -> Json:
        """Send a sticker."""
        message: Json = self._does("sends_sticker")
        return message

    def shares_place(self, latitude: float, longitude: float, *, live: bool = False) -> Json:
        """Share a position, once or as a live one."""
        message: Json = self._does("shares_place", latitude, longitude, live=live)
        return message

    def edits(self, message: Json, text: str) -> Json:
        """Change a message sent before."""
        changed: Json = self._does("edits", message, text)
        return changed

    def taps(self, label: str, *, on: Json | None = None) -> str:
        """Press the button with this label, of the newest message that has it or of the one given."""
        callback: str = self._does("taps", label, on=on)
        return callback

    def answers(self, question: str, label: str) -> str:
        """Wait for a question, by some of its words, and press a button under it."""
        callback: str = self._does("answers", question, label)
        return callback

    def blocks(self) -> None:
        """Block the bot."""
        self._does("blocks")

    def unblocks(self) -> None:
        """Let the bot write again."""
        self._does("unblocks")

    def lives_on(self, date: datetime | None) -> None:
        """Send what follows with this date."""
        self._does("lives_on", date.isoformat() if date else None)

    def sees(self, *texts: str, within: float | None = None) -> Json:
        """Wait until what the bot wrote since this person's last act holds all texts; return the last such."""
        message: Json = self._does("sees", *texts, within=within)
        return message

    def sees_nothing(self, within: float = 0.3) -> None:
        """Wait a while and make sure that the bot wrote nothing."""
        self._does("sees_nothing", within)

    def hears(self, count: int, within: float | None = None) -> list[Json]:
        """Wait until the bot wrote `count` messages in all; return all of them."""
        messages: list[Json] = self._does("hears", count, within)
        return messages

    def messages(self) -> list[Json]:
        """Return the bot's messages as they are now, oldest first."""
        messages: list[Json] = self._does("messages")
        return messages

    def transcript(self) -> str:
        """Return the chat as text."""
        transcript: str = self._does("transcript")
        return transcript
