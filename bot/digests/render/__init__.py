"""One digest, told in one way, shown as chat message, mail and page."""

from bot.digests.render.chart import picture
from bot.digests.render.chat import chat, message
from bot.digests.render.mail import mail
from bot.digests.render.told import Told, page

__all__ = ["Told", "chat", "mail", "message", "page", "picture"]
