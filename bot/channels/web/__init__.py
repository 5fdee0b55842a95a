"""The web: citizens' chat, public pages of rounds, and the pages of managers and organisers."""

from bot.channels.web.routes import site

__all__ = ["site"]
