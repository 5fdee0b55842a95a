"""The survey as aiogram's guide would build it: a finite state machine, a handler for each state, data in its storage.

With the SQLite storage of PyPI (`aiogram-sqlite-storage`) as it comes, and with aiogram's own Redis storage on a server
that appends each write to its disk (`appendfsync always`). Replies go through a session in memory.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any

from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.session.base import BaseSession
from aiogram.filters import CommandStart, StateFilter
from aiogram.fsm.state import State, StatesGroup
from aiogram.fsm.storage.base import StorageKey
from aiogram.fsm.storage.memory import SimpleEventIsolation
from aiogram.types import KeyboardButton, ReplyKeyboardMarkup, ReplyKeyboardRemove, Update

from tests.benchmarks import survey
from tests.benchmarks.peer_ptb import ME, SENT, TOKEN

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from pathlib import Path

    from aiogram.fsm.context import FSMContext
    from aiogram.fsm.storage.base import BaseStorage
    from aiogram.methods import TelegramMethod
    from aiogram.types import Message

REDIS = "redis-server"


class Survey(StatesGroup):
    """A state for each question."""

    reason = State()
    overall = State()
    why = State()
    hours = State()
    ease = State()
    wish = State()


STATES = tuple(Survey.__states__)


class MemorySession(BaseSession):
    """Answers at once and well, without any network."""

    async def close(self) -> None:
        """Nothing to close."""

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:  # noqa: ASYNC109 - aiogram's contract
        """Return what the Bot API would."""
        body = ME if method.__api_method__ == "getMe" else SENT
        return self.check_response(bot=bot, method=method, status_code=200, content=body.decode()).result

    async def stream_content(self, *_args: Any, **_more: Any) -> AsyncGenerator[bytes, None]:
        """No files here."""
        yield b""


class _Aiogram:
    """What both have in common."""

    def __init__(self, storage: BaseStorage) -> None:
        self.storage = storage
        self.bot = Bot(TOKEN, session=MemorySession())
        self.dispatcher = Dispatcher(storage=storage, events_isolation=SimpleEventIsolation())
        self.dispatcher.include_router(router())
        self.citizens: set[int] = set()

    async def begin(self) -> None:
        """Nothing to prepare."""

    def read(self, batch: bytes) -> list[Update]:
        """Read the updates as its polling does."""
        result = json.loads(batch)["result"]
        return [Update.model_validate(each, context={"bot": self.bot}) for each in result]

    async def feed(self, update: Update) -> None:
        """Let the handlers take one update."""
        if update.message:
            self.citizens.add(update.message.chat.id)
        await self.dispatcher.feed_update(self.bot, update)

    async def answers(self) -> int:
        """Ask the storage for everybody's answers."""
        keys = [StorageKey(bot_id=self.bot.id, chat_id=each, user_id=each) for each in self.citizens]
        return sum([len(await self.storage.get_data(key)) for key in keys])

    async def end(self) -> None:
        """Close the storage."""
        await self.storage.close()


class AiogramSqlite(_Aiogram):
    """On SQLite, one update after the other: its storage blocks, so more at once would gain nothing."""

    def __init__(self, folder: Path) -> None:
        """Open the storage as its guide says."""
        from aiogram_sqlite_storage.sqlitestore import SQLStorage  # noqa: PLC0415 - bench extra

        super().__init__(SQLStorage(str(folder / "aiogram.db"), serializing_method="json"))

    async def take(self, batch: bytes) -> None:
        """Take the updates in the order they came."""
        for update in self.read(batch):
            await self.feed(update)


class AiogramRedis(_Aiogram):
    """On Redis, all updates of a batch at once, those of one citizen in order: as its polling does."""

    def __init__(self, folder: Path) -> None:
        """Start a server of our own that has each write on its disk before it answers."""
        from aiogram.fsm.storage.redis import RedisStorage  # noqa: PLC0415 - bench extra

        port = _free_port()
        words = f"{REDIS} --port {port} --bind 127.0.0.1 --dir {folder} --appendonly yes --appendfsync always --save"
        self.server = subprocess.Popen([*words.split(" "), ""], stdout=subprocess.DEVNULL)
        _wait_for(port)
        super().__init__(RedisStorage.from_url(f"redis://127.0.0.1:{port}/0"))

    async def take(self, batch: bytes) -> None:
        """Take all updates at once."""
        await asyncio.gather(*map(self.feed, self.read(batch)))

    async def end(self) -> None:
        """Close the storage and stop the server."""
        await super().end()
        self.server.terminate()
        self.server.wait()


def has_redis() -> bool:
    """Whether there is a Redis server on this machine."""
    return shutil.which(REDIS) is not None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the Redis server does not start")


def router() -> Router:
    """Return the survey's handlers: `/start`, one for each state, and one for whatever else."""
    made = Router()
    asked = survey.questions()

    async def start(message: Message, state: FSMContext) -> None:
        await state.set_state(STATES[0])
        await _ask(message, asked[0])

    async def again(message: Message) -> None:
        await message.answer("Please choose one of the answers below.")

    made.message.register(start, CommandStart())
    for n, question in enumerate(asked):
        fits = F.text.in_(question.options) if question.options else F.text
        made.message.register(_handler(asked, n), STATES[n], fits)
    made.message.register(again, StateFilter(*STATES))
    return made


def _handler(asked: tuple[survey.Question, ...], n: int) -> Callable[[Message, FSMContext], Awaitable[None]]:
    """Return what takes the answer to question `n` and asks the next one."""

    async def answer(message: Message, state: FSMContext) -> None:
        await state.update_data({asked[n].id: message.text})
        if n + 1 < len(asked):
            await state.set_state(STATES[n + 1])
            await _ask(message, asked[n + 1])
        else:
            await state.set_state(None)
            await message.answer(survey.ending(), reply_markup=ReplyKeyboardRemove())

    return answer


async def _ask(message: Message, question: survey.Question) -> None:
    rows = [[KeyboardButton(text=label)] for label in question.options]
    keyboard = ReplyKeyboardMarkup(keyboard=rows) if rows else ReplyKeyboardRemove()
    await message.answer(question.text, reply_markup=keyboard)
