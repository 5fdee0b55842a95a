"""Telegram as a channel. `updates` reads what arrives, `messages` gives form to what leaves, `channel` talks."""

from bot.channels.telegram.channel import Telegram, Webhook

__all__ = ["Telegram", "Webhook"]
