"""The survey as python-telegram-bot's own guide would build it: a ConversationHandler, a state for each question.

Its replies go through a `BaseRequest` in memory. Its persistence commits each update to SQLite with `synchronous=FULL`,
in one transaction, which is the least that survives a crash; nothing makes it exactly-once.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from telegram import Bot, ReplyKeyboardMarkup, ReplyKeyboardRemove, Update
from telegram.ext import (
    Application,
    BasePersistence,
    CommandHandler,
    ConversationHandler,
    MessageHandler,
    PersistenceInput,
    TypeHandler,
    filters,
)
from telegram.request import BaseRequest

from tests.benchmarks import survey

if TYPE_CHECKING:
    from pathlib import Path

    from telegram.ext import CallbackContext

TOKEN = "1:a-token-that-is-never-used"
_ME = {"id": 1, "is_bot": True, "first_name": "Survey", "username": "survey_bot"}
_CHAT = {"id": 100_000, "type": "private", "first_name": "Citizen"}
_SENT = {"message_id": 1, "date": 1_795_000_000, "from": _ME, "chat": _CHAT, "text": "What made it so?"}
ME, SENT = (json.dumps({"ok": True, "result": result}).encode() for result in (_ME, _SENT))
"""What the Bot API answers to getMe and to sendMessage."""


class MemoryRequest(BaseRequest):
    """Answers at once and well, without any network. `sent` counts what it was asked."""

    sent = 0

    @property
    def read_timeout(self) -> float | None:
        """Nothing is waited for."""
        return None

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(self, url: str, *_args: Any, **_more: Any) -> tuple[int, bytes]:
        """Return what the Bot API would."""
        self.sent += 1
        return 200, ME if url.endswith("/getMe") else SENT


class SqlitePersistence(BasePersistence[dict[str, Any], dict[str, Any], dict[str, Any]]):
    """Conversations and user data in two tables; what one update changes is one commit, made by `flush`."""

    def __init__(self, file: Path) -> None:
        """Open or make the database."""
        kept = PersistenceInput(bot_data=False, chat_data=False, callback_data=False)
        super().__init__(store_data=kept, update_interval=60)
        self.db = sqlite3.connect(file)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.execute("CREATE TABLE conversations (name TEXT, key TEXT, state INTEGER, PRIMARY KEY (name, key))")
        self.db.execute("CREATE TABLE user_data (id INTEGER PRIMARY KEY, data TEXT)")

    async def get_conversations(self, name: str) -> dict[Any, Any]:
        """Return where each conversation stands."""
        rows = self.db.execute("SELECT key, state FROM conversations WHERE name = ?", (name,))
        return {tuple(json.loads(key)): state for key, state in rows}

    async def update_conversation(self, name: str, key: Any, new_state: object | None) -> None:
        """Keep where a conversation stands."""
        self.db.execute("REPLACE INTO conversations VALUES (?, ?, ?)", (name, json.dumps(key), new_state))

    async def get_user_data(self) -> dict[int, dict[str, Any]]:
        """Return what is known of each user."""
        return {user: json.loads(data) for user, data in self.db.execute("SELECT id, data FROM user_data")}

    async def update_user_data(self, user_id: int, data: dict[str, Any]) -> None:
        """Keep what is known of a user."""
        self.db.execute("REPLACE INTO user_data VALUES (?, ?)", (user_id, json.dumps(data)))

    async def flush(self) -> None:
        """Commit."""
        self.db.commit()

    async def get_chat_data(self) -> dict[int, dict[str, Any]]:
        """Not kept."""
        return {}

    async def get_bot_data(self) -> dict[str, Any]:
        """Not kept."""
        return {}

    async def get_callback_data(self) -> None:
        """Not kept."""

    async def update_chat_data(self, chat_id: int, data: dict[str, Any]) -> None:
        """Not kept."""

    async def update_bot_data(self, data: dict[str, Any]) -> None:
        """Not kept."""

    async def update_callback_data(self, data: Any) -> None:
        """Not kept."""

    async def drop_chat_data(self, chat_id: int) -> None:
        """Not kept."""

    async def drop_user_data(self, user_id: int) -> None:
        """Never asked for here."""

    async def refresh_user_data(self, user_id: int, user_data: dict[str, Any]) -> None:
        """One process: what is in memory is what is kept."""

    async def refresh_chat_data(self, chat_id: int, chat_data: dict[str, Any]) -> None:
        """The same."""

    async def refresh_bot_data(self, bot_data: dict[str, Any]) -> None:
        """The same."""


class Durable(Application):  # type: ignore[type-arg]
    """An application that keeps what an update changed before it takes the next one."""

    async def process_update(self, update: object) -> None:
        """Let the handlers work, then write and commit."""
        await super().process_update(update)
        await self.update_persistence()
        if self.persistence is not None:
            await self.persistence.flush()


class Ptb:
    """python-telegram-bot with its ConversationHandler on SQLite."""

    def __init__(self, folder: Path) -> None:
        """Build the application."""
        self.bot = _bot()
        self.persistence = SqlitePersistence(folder / "ptb.db")
        builder = Application.builder().application_class(Durable).bot(self.bot)
        self.app = builder.updater(None).job_queue(None).persistence(self.persistence).build()
        self.app.add_handler(conversation())

    async def begin(self) -> None:
        """Load what is kept."""
        await self.app.initialize()

    async def take(self, batch: bytes) -> None:
        """Read the updates as `get_updates` does, and let the application take them one by one."""
        for update in Update.de_list(json.loads(batch)["result"], self.bot):
            await self.app.process_update(update)

    async def end(self) -> None:
        """Shut down."""
        await self.app.shutdown()
        self.persistence.db.close()

    async def answers(self) -> int:
        """Count the answers in the database."""
        return sum(len(json.loads(data)) for (data,) in self.persistence.db.execute("SELECT data FROM user_data"))


class Empty:
    """python-telegram-bot with one handler that does nothing and keeps nothing: what its edge alone costs."""

    def __init__(self, folder: Path) -> None:
        """Build the application."""
        self.bot = _bot()
        self.app = Application.builder().bot(self.bot).updater(None).job_queue(None).build()
        self.app.add_handler(TypeHandler(Update, _nothing))

    async def begin(self) -> None:
        """Learn the bot's name."""
        await self.app.initialize()

    async def take(self, batch: bytes) -> None:
        """Read the updates and pass them to the handler."""
        for update in Update.de_list(json.loads(batch)["result"], self.bot):
            await self.app.process_update(update)

    async def end(self) -> None:
        """Shut down."""
        await self.app.shutdown()

    async def answers(self) -> None:
        """Nothing is kept."""


def _bot() -> Bot:
    return Bot(TOKEN, request=MemoryRequest(), get_updates_request=MemoryRequest())


async def _nothing(update: Update, context: CallbackContext[Any, Any, Any, Any]) -> None:
    pass


def conversation() -> ConversationHandler[Any]:
    """Return the survey: a state for each question, its options as the filter, whatever else as the fallback."""
    asked = survey.questions()
    states = {n: [_handler(asked, n)] for n in range(len(asked))}

    async def begin(update: Update, context: CallbackContext[Any, Any, Any, Any]) -> int:
        await _ask(update, asked[0])
        return 0

    async def again(update: Update, context: CallbackContext[Any, Any, Any, Any]) -> None:
        if update.message:
            await update.message.reply_text("Please choose one of the answers below.")

    return ConversationHandler(
        entry_points=[CommandHandler("start", begin)],
        states=states,  # type: ignore[arg-type]
        fallbacks=[MessageHandler(filters.TEXT & ~filters.COMMAND, again)],
        name="survey",
        persistent=True,
    )


def _handler(asked: tuple[survey.Question, ...], n: int) -> MessageHandler[Any, Any]:
    """Return what takes the answer to question `n` and asks the next one."""

    async def answer(update: Update, context: CallbackContext[Any, Any, Any, Any]) -> int:
        if update.message and context.user_data is not None:
            context.user_data[asked[n].id] = update.message.text
        if n + 1 < len(asked):
            await _ask(update, asked[n + 1])
            return n + 1
        if update.message:
            await update.message.reply_text(survey.ending(), reply_markup=ReplyKeyboardRemove())
        return ConversationHandler.END

    options = asked[n].options
    return MessageHandler(filters.Text(options) if options else filters.TEXT & ~filters.COMMAND, answer)


async def _ask(update: Update, question: survey.Question) -> None:
    keyboard = ReplyKeyboardMarkup([[label] for label in question.options]) if question.options else None
    if update.message:
        await update.message.reply_text(question.text, reply_markup=keyboard or ReplyKeyboardRemove())
