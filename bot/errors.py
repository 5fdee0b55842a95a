"""What the world can do to us, drawn as a tree.

CivicloopError                 one line for the reader: what is wrong and what to do
├── Usage                      the command or the configuration is wrong: exit status 2
├── Refused                    the rules forbid what was asked (open a round with missing fields): exit status 1
└── Trouble                    the world outside
    ├── Unreadable             an update we cannot read: kept, reported, never a poison pill
    ├── Missing                a photo or voice message that is there no more, or is none
    └── ChannelTrouble         a channel is unreachable or rejects our credentials

StorageTrouble, what a database does to us, stands in `storage.database`: storage knows nothing of the bot.
"""

from __future__ import annotations


class CivicloopError(Exception):
    """Something a person must know; the message is one line and says what to do."""


class Usage(CivicloopError):
    """The command line or the configuration is wrong."""


class Refused(CivicloopError):
    """The rules forbid what was asked for."""


class Trouble(CivicloopError):
    """The world outside did something to us."""


class Unreadable(Trouble):
    """An update that cannot be read; it stays in the inbox, marked, and is reported."""


class Missing(Trouble):
    """What somebody sent is there no more, too large, or not what it was said to be."""


class ChannelTrouble(Trouble):
    """A channel is unreachable or rejects our credentials."""
