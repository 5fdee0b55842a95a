"""A Bot API server for tests: it talks HTTP as Telegram does and checks every request against the Bot API's schema.

In process, for asynchronous tests:

    async with BotApi() as api:
        channel = Telegram(api.token, base_url=api.url)
        ana = api.citizen(1001, name="Ana")
        await ana.sends("/start library")
        await ana.taps("Good")
        await ana.sees("Thank you")
        assert api.violations == []

As a process of its own, for journeys that start the real bot: `python -m tests.support.botapi --port 8081` and, from
plain synchronous code, `tests.support.botapi.client.Client("http://127.0.0.1:8081")`, whose citizens have the same
verbs. The modules, from the ground up: `schema` and `limits` (what a request may be), `world` (bots, chats, messages,
faults), `methods` (what each method does), `citizen` (people), `server` (HTTP), `client` (the driver's other end).
"""

from tests.support.botapi.server import BotApi
from tests.support.botapi.world import Fault

__all__ = ["BotApi", "Fault"]
