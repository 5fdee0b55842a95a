"""When the next message may leave. Pure: moments are seconds of any clock that only goes forward.

The pace of a channel is a grid of release times without drift: the n-th message leaves n steps after the first,
however long sending takes. Who comes a little late (`LATE`) takes his place on the grid all the same, or every delay of
a busy machine would be lost for good; after a longer pause the grid begins anew, so that nothing is made up for in a
burst. How many may be on their way at once is bounded, too, so that no stall of the network or of the far side makes
more of them arrive together than the channel lets pass. Measured against a server that refuses every excess: see
`make bench`.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a channel takes messages: `rate` a second over all, `chat_rate` a second in one chat after `burst`."""

    rate: float | None = None
    chat_rate: float | None = None
    burst: int = 1
    wires: int = 16
    """Most requests open at once."""


MAIL = Pace(wires=8)
"""Mails handed over at once: servers let few in at a time from one sender."""


def telegram(messages_per_second: float = 30.0) -> Pace:
    """Telegram's published limits (core.telegram.org/bots/faq): 30 a second over all, one a second in a chat.

    A chat may run ahead by a short burst, so that somebody who taps fast is not kept waiting. Of requests there may be
    as many as keep the rate while each takes a quarter of a second, or `MANY` where that is more; but never as many as
    leave in a second. What is counted is what arrives: if all that is on its way is late and arrives at once, and what
    follows is in time, it still is no more than a second's worth ahead, which Telegram lets pass.
    """
    most = max(MANY, int(messages_per_second / 4))
    return Pace(messages_per_second, chat_rate=1.0, burst=10, wires=max(1, min(most, int(messages_per_second) - 2)))


MANY = 64
"""Requests open at once, as far as the limit leaves room for them."""
LATE = 1 / 60
"""Seconds by which a release may come late and still be on the grid: half a place at 30 a second.

The other half is for the network: a server that takes two at once refuses nothing as long as both delays together are
shorter than a step.
"""
CAREFUL = 0.05
"""By how much each refusal makes the steps longer, where the channel turns out to be stricter than it says."""
MOST_CAREFUL = 1.0
"""How much longer they become at most: half the pace."""
TRUST = 0.9995
"""What is left of such care after each message that leaves: half of it after 1,400."""
CHATS = 10_000
"""With more chats than this in mind, those whose allowance is whole are forgotten."""


@dataclass(slots=True)
class Pacer:
    """Gives each message its moment: its chat's when it is claimed, and when that has come, the channel's."""

    pace: Pace
    _next: float = float("-inf")
    _chats: dict[int, float] = field(default_factory=dict)
    """By chat: the moment at which its allowance is whole again."""
    _care: float = 0.0
    _held: float = float("-inf")

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

    def free_at(self) -> float:
        """Return the next free moment of the channel's grid, perhaps past."""
        return self._next

    def slot(self, now: float) -> float:
        """Take the next free moment of the channel's grid and return it.

        After a refusal nobody comes late on the grid: two close together may be what was refused.
        """
        moment = self._next if now - self._next <= LATE and not self._care else now
        if self.pace.rate is not None:
            self._next = moment + (1 + self._care) / self.pace.rate
        self._care = self._care * TRUST if self._care > 0.001 else 0.0
        return moment

    def hold(self, until: float) -> None:
        """Let nothing leave before `until`: the channel asked us to wait."""
        self._next = max(self._next, until)

    def refused(self, now: float, until: float) -> None:
        """Hold until then, and go on with more care; refusals of what was on its way meanwhile count as one."""
        if now >= self._held:
            self._care = min(self._care + CAREFUL, MOST_CAREFUL)
        self._held = max(self._held, until)
        self.hold(until)
