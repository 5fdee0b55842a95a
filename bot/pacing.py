"""When the next message may leave. Pure: moments are seconds of any clock that only goes forward.

The pace of a channel is a grid of release times without drift: the n-th message leaves n steps after the first,
however long sending takes; after a pause the grid begins anew, so that nothing is made up for in a burst. Measured: 30
a second, not one refused, with a server that grants a burst and with one that does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a channel takes messages: `rate` a second over all, `chat_rate` a second in one chat after `burst`."""

    rate: float | None = None
    chat_rate: float | None = None
    burst: int = 1


def telegram(messages_per_second: float = 30.0) -> Pace:
    """Telegram's published limits (core.telegram.org/bots/faq): 30 a second over all, one a second in a chat.

    A chat may run ahead by a short burst, so that somebody who taps fast is not kept waiting.
    """
    return Pace(rate=messages_per_second, chat_rate=1.0, burst=10)


CHATS = 10_000
"""With more chats than this in mind, those whose allowance is whole are forgotten."""


@dataclass(slots=True)
class Pacer:
    """Gives each message its moment: first its chat's, then, when that has come, the channel's."""

    pace: Pace
    _next: float = float("-inf")
    _chats: dict[int, float] = field(default_factory=dict)
    """By chat: the moment at which its allowance is whole again."""

    def in_chat(self, chat: int, now: float) -> float:
        """Return when a chat allows its next message (a leaky bucket of `burst` messages), and count it."""
        if self.pace.chat_rate is None:
            return now
        if len(self._chats) >= CHATS:
            self._chats = {each: at for each, at in self._chats.items() if at > now}
        step = 1 / self.pace.chat_rate
        whole = max(self._chats.get(chat, now), now) + step
        self._chats[chat] = whole
        return max(now, whole - step * self.pace.burst)

    def slot(self, now: float) -> float:
        """Return the next free moment of the channel's grid, and take it."""
        moment = max(now, self._next)
        if self.pace.rate is not None:
            self._next = moment + 1 / self.pace.rate
        return moment

    def hold(self, until: float) -> None:
        """Let nothing leave before `until`: the channel asked us to wait."""
        self._next = max(self._next, until)
