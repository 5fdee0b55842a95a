"""The Bot API over HTTP, with a door beside it (`/control`) for those who drive it from another process."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from tests.support.botapi import limits, schema
from tests.support.botapi.citizen import Citizen
from tests.support.botapi.methods import METHODS, RESULTS
from tests.support.botapi.world import Chat, Fault, Pace, Refused, Request, World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from tests.support.botapi.schema import Json

    Queue = tuple[str, int]

TOKEN = "123456789:AAtest-token_not-a-real-one-0123456789"
LARGEST_REQUEST = 60_000_000
FIRST_RETRY, LONGEST_RETRY = 0.05, 1.0
"""Seconds between two tries of a webhook; Telegram's own are longer."""


class BotApi:
    """The server, its world and its people. An asynchronous context manager: listening inside, closed after."""

    def __init__(self, *, port: int = 0, token: str = TOKEN, patience: float = 5.0) -> None:
        self.world = World(token)
        self.patience = patience
        self.citizens: dict[int, Citizen] = {}
        self.url = ""
        self._held = 0
        """How many answers are held back just now by a fault's `slow`."""
        self._port = port
        self._runner: web.AppRunner | None = None
        self._hook: asyncio.Task[None] | None = None

    # ----------------------------------------------------------------- life

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=LARGEST_REQUEST)
        app.router.add_route("*", "/bot{token}/{method}", self._method)
        app.router.add_get("/file/bot{token}/{path:.+}", self._file)
        app.router.add_post("/control/{act:.+}", self._control)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._hook = asyncio.create_task(self._deliver())
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._hook:
            self._hook.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._hook
        if self._runner:
            await self._runner.cleanup()

    # ----------------------------------------------------------------- what a test asks and arranges

    @property
    def token(self) -> str:
        """The token of the only bot this server knows."""
        return self.world.token

    @property
    def violations(self) -> list[str]:
        """What was not as the Bot API says, in requests and in our own answers and updates. Empty in a good test."""
        return self.world.violations

    @property
    def requests(self) -> list[Request]:
        """Every request of the bot so far."""
        return self.world.requests

    @property
    def pending(self) -> list[Json]:
        """The updates the bot has not confirmed."""
        return list(self.world.pending.values())

    def citizen(self, identity: int, *, name: str = "Ana", language_code: str | None = "en") -> Citizen:
        """Return the person with this id; they are new the first time."""
        if identity not in self.citizens:
            person = Citizen(self.world, identity, name=name, language_code=language_code, patience=self.patience)
            self.citizens[identity] = person
        return self.citizens[identity]

    def admit(self, first: int, many: int) -> None:
        """Let so many people, with ids from `first`, have started the bot long ago: it may write to them."""
        for identity in range(first, first + many):
            self.citizen(identity)
            self.world.chats[identity].started = True

    def sent(self, words: str) -> Json:
        """Return of all messages with these words to whom one went, how often, and when, in seconds of our clock."""
        written = [one for one in self.requests if one.method == "sendMessage"]
        asked = [one for one in written if words in str(one.parameters.get("text", ""))]
        went = [one for one in asked if one.status == 200]
        chats = Counter(str(one.parameters["chat_id"]) for one in went)
        return {
            "chats": chats,
            "at": [one.at for one in went],
            "limited": [one.at for one in asked if one.status == 429],
        }

    def group(self, identity: int, title: str = "Neighbours") -> Chat:
        """Return a new group chat the bot is in; the id is negative."""
        chat = Chat(identity, {"id": identity, "type": "group", "title": title}, started=True)
        self.world.chats[identity] = chat
        return chat

    def migrate(self, chat: Chat, identity: int) -> None:
        """Turn a group into a supergroup with a new id."""
        chat.moved_to = identity
        self.world.chats[identity] = Chat(identity, {**chat.about, "id": identity, "type": "supergroup"}, started=True)
        about = {"message_id": next(chat.ids), "from": self.world.bot, "chat": chat.about, "date": self.world.date()}
        self.world.emit("message", {**about, "migrate_to_chat_id": identity})

    def emit(self, kind: str, content: Any, *, checked: bool = True) -> int | None:
        """Let any update arrive; `checked=False` for those the Bot API does not know."""
        return self.world.emit(kind, content, checked=checked)

    def fault(self, method: str = "*", *, status: int = 0, description: str = "", **more: Any) -> Fault:
        """Arrange that something goes wrong; see `Fault`. `retry_after=3` is short for the parameters of a 429."""
        if "retry_after" in more:
            more["parameters"] = {"retry_after": more.pop("retry_after")}
            status = status or 429
            description = description or f"Too Many Requests: retry after {more['parameters']['retry_after']}"
        fault = Fault(method=method, status=status, description=description, **more)
        self.world.faults.append(fault)
        return fault

    def set_clock(self, moment: datetime | None) -> None:
        """Hold the date of messages at this moment; None: the wall clock."""
        held = moment
        self.world.clock = (lambda: held) if held is not None else (lambda: datetime.now(UTC))

    def limit(self, *, per_second: float | None = None, burst: int = 1, chat: tuple[float, int] | None = None) -> None:
        """Refuse with 429 whatever is sent faster than this, for the bot and (per second, burst) for each chat."""
        self.world.pace = Pace(per_second, burst) if per_second else None
        self.world.chat_pace = chat
        self.world.chat_paces.clear()

    def bring_webhooks_to(self, door: str | None) -> None:
        """Bring updates to this address (scheme, host, port) whatever public one the bot gave; None: to the bot's."""
        self.world.door = door

    async def play(self, people: list[Json], *, at_once: int = 50) -> dict[int, str]:
        """Let many people talk, `at_once` at a time; return the transcript-bearing failure of each who failed.

        A person is `{"id": 7, "name": "Ana", "language_code": "en", "script": [["sends", "/start"], …]}`.
        """
        failed: dict[int, str] = {}
        turnstile = asyncio.Semaphore(at_once)

        async def one(person: Json) -> None:
            async with turnstile:
                try:
                    await self._perform(person)
                except AssertionError as error:
                    failed[person["id"]] = str(error)

        await asyncio.gather(*(one(person) for person in people))
        return failed

    async def _perform(self, person: Json) -> None:
        about = {key: person[key] for key in ("name", "language_code") if key in person}
        citizen = self.citizen(person["id"], **about)
        for verb, *words in person["script"]:
            await _act(citizen, verb, words, {})

    # ----------------------------------------------------------------- the Bot API

    async def _method(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return _answer(Refused(401, "Unauthorized"))
        name = schema.name_of(request.match_info["method"])
        if name is None:
            return _answer(Refused(404, "Not Found"))
        parameters, files = await _read(request, name)
        noted = Request(name, parameters, 200, asyncio.get_running_loop().time())
        if name != "getUpdates":
            self.requests.append(noted)
        self.world.counts[name] += 1
        try:
            return await self._fulfil(request, noted, files)
        except Exception as error:
            self.violations.append(f"{name}: this server failed: {error!r}")
            raise

    async def _fulfil(self, request: web.Request, noted: Request, files: Mapping[str, bytes]) -> web.StreamResponse:
        fault = self.world.fault_for(noted.method, noted.parameters) or Fault()
        if fault.cut == "before":
            return _cut(request)
        try:
            result = await self._do(noted, files, fault)
        except Refused as refusal:
            noted.status = refusal.code
            return _raw(fault) if fault.body is not None else _answer(refusal)
        if fault.slow:
            self._held += 1
            try:
                await asyncio.sleep(fault.slow)
            finally:
                self._held -= 1
        if fault.cut == "after":
            return _cut(request)
        return _raw(fault) if fault.body is not None else _json({"ok": True, "result": result})

    async def _do(self, noted: Request, files: Mapping[str, bytes], fault: Fault) -> Any:
        wrong = schema.faults(noted.method, noted.parameters)
        self.violations.extend(f"{noted.method} {each}" for each in wrong)
        if wrong:
            raise Refused(400, f"Bad Request: {wrong[0]}")
        broken = limits.faults(noted.parameters)
        self.violations.extend(f"{noted.method}: {each}" for each in broken)
        if broken:
            raise Refused(400, f"Bad Request: {broken[0]}")
        if fault.status:
            raise Refused(fault.status, fault.description, **fault.parameters)
        if self.world.too_fast(noted.method, noted.parameters, noted.at):
            raise Refused(429, "Too Many Requests: retry after 1", retry_after=1)
        act = METHODS.get(noted.method)
        if act is None:
            self.violations.append(f"{noted.method}: this server does not know how to do it")
            raise Refused(501, "Not Implemented: by this test server")
        result = await act(self.world, noted.parameters, files)
        if kind := RESULTS.get(noted.method):
            self.violations.extend(schema.misshapen(kind, result))
        return result

    async def _file(self, request: web.Request) -> web.StreamResponse:
        content = self.world.files.get(request.match_info["path"].rpartition("/")[2])
        if request.match_info["token"] != self.token or content is None:
            return _answer(Refused(404, "Not Found"))
        return web.Response(body=content, content_type="application/octet-stream")

    # ----------------------------------------------------------------- webhook

    async def _deliver(self) -> None:
        """Bring every waiting update to the webhook, each again until it is taken.

        As Telegram's own server does it: up to `max_connections` at a time, but those of one kind from one chat one
        after the other and in order.
        """
        going: dict[Queue, asyncio.Task[None]] = {}
        async with aiohttp.ClientSession() as session:
            while True:
                arrived = self.world.arrived
                for queue in [each for each in going if going[each].done()]:
                    del going[queue]
                for queue, update in self._next(going.keys()):
                    going[queue] = asyncio.create_task(self._hand_over(session, update))
                    going[queue].add_done_callback(lambda _task: self.world.wake())
                await arrived.wait()

    def _next(self, going: Collection[Queue]) -> list[tuple[Queue, Json]]:
        """Return the updates to bring now: the oldest of each queue that waits, as many as there are connections."""
        hook = self.world.webhook
        free = int(hook.get("max_connections", 40)) - len(going) if hook else 0
        found: dict[Queue, Json] = {}
        for update in self.world.pending.values():
            if len(found) >= free:
                break
            queue = _queue(update)
            if queue not in going:
                found.setdefault(queue, update)
        return list(found.items())

    async def _hand_over(self, session: aiohttp.ClientSession, update: Json) -> None:
        pause = FIRST_RETRY
        while (hook := self.world.webhook) and update["update_id"] in self.world.pending:
            if await _posted(session, hook, update, self.world.door):
                self.world.pending.pop(update["update_id"], None)
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_RETRY)

    # ----------------------------------------------------------------- the door beside it

    async def _control(self, request: web.Request) -> web.StreamResponse:
        asked = json.loads(await request.read() or b"{}")
        try:
            return _json({"ok": True, "result": await self._obey(request.match_info["act"], asked)})
        except AssertionError as error:
            return _json({"ok": False, "failed": str(error)})

    async def _obey(self, act: str, asked: Json) -> Any:
        match act.split("/"):
            case ["citizen"]:
                self.citizen(asked.pop("id"), **asked)
            case ["citizen", identity, verb]:
                return await _act(self.citizens[int(identity)], verb, asked["words"], asked["ways"])
            case ["play"]:
                return await self.play(asked["people"], at_once=asked["at_once"])
            case ["emit"]:
                return self.emit(asked["kind"], asked["content"], checked=asked["checked"])
            case ["state"]:
                return self._state()
            case ["sent"]:
                return self.sent(asked["words"])
            case [arrangement]:
                self._arrange(arrangement, asked)
        return None

    def _arrange(self, what: str, asked: Json) -> None:
        match what:
            case "fault":
                self.fault(**asked)
            case "admit":
                self.admit(**asked)
            case "mend":
                self.world.faults.clear()
            case "limit":
                self.limit(**asked | ({"chat": tuple(asked["chat"])} if asked.get("chat") else {}))
            case "door":
                self.bring_webhooks_to(asked["door"])
            case "clock":
                self.set_clock(datetime.fromisoformat(asked["moment"]) if asked["moment"] else None)
            case _:
                raise AssertionError(f"the server does not know how to {what}")

    def _state(self) -> Json:
        return {
            "token": self.token,
            "username": self.world.username,
            "violations": self.violations,
            "pending": len(self.world.pending),
            "held": self._held,
            "counts": dict(self.world.counts),
            "refused": sum(request.status != 200 for request in self.requests),
            "limited": sum(request.status == 429 for request in self.requests),
            "commands": [[*menu, commands] for menu, commands in self.world.commands.items()],
            "webhook": (self.world.webhook or {}).get("url", ""),
        }


async def _act(citizen: Citizen, verb: str, words: list[Any], ways: Json) -> Any:
    act: Callable[..., Awaitable[Any]] | None = None if verb.startswith("_") else getattr(citizen, verb, None)
    if act is None:
        raise AssertionError(f"a citizen does not know how to {verb}")
    if verb == "lives_on":
        words = [datetime.fromisoformat(words[0]) if words[0] else None]
    return await act(*words, **ways)


async def _read(request: web.Request, method: str) -> tuple[Json, dict[str, bytes]]:
    """Return a request's parameters, decoded, and the files that came along."""
    if request.content_type == "application/json":
        return dict(await request.json()), {}
    form: dict[str, str] = dict(request.query)
    files: dict[str, bytes] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = value.file.read()
        else:
            form[name] = value if isinstance(value, str) else bytes(value).decode()
    named = {name: f"attach://{name}" for name in files if name in schema.schema(method)["properties"]}
    return schema.decoded(method, form | named), files


async def _posted(session: aiohttp.ClientSession, hook: Json, update: Json, door: str | None) -> bool:
    url = f"{door}{urlsplit(hook['url']).path}" if door else hook["url"]
    secret = {"X-Telegram-Bot-Api-Secret-Token": hook["secret_token"]} if "secret_token" in hook else {}
    try:
        async with session.post(url, json=update, headers=secret) as response:
            return 200 <= response.status < 300
    except (aiohttp.ClientError, TimeoutError):
        return False


def _queue(update: Json) -> Queue:
    """Return which updates this one must not overtake: those of its kind from its chat, or from its person."""
    kind, content = next((key, value) for key, value in update.items() if key != "update_id")
    about: Json = content.get("chat") or content.get("from") or {"id": update["update_id"]}
    return kind, int(about["id"])


def _answer(refusal: Refused) -> web.Response:
    parameters = {"parameters": refusal.parameters} if refusal.parameters else {}
    body = {"ok": False, "error_code": refusal.code, "description": refusal.description, **parameters}
    return _json(body, status=refusal.code)


def _raw(fault: Fault) -> web.Response:
    return web.Response(text=fault.body, status=fault.status or 200)


def _json(body: Json, status: int = 200) -> web.Response:
    return web.Response(text=json.dumps(body), status=status, content_type="application/json")


def _cut(request: web.Request) -> web.Response:
    """Drop the line without an answer."""
    if request.transport:
        request.transport.abort()
    return web.Response()
