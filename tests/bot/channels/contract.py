"""What every channel promises, as tests. A channel's test class inherits the parts it can keep and brings a world.

    class TestTelegramReads(ReadingContract): ...     fixtures `channel`, `raws`
    class TestTelegramSends(SendingContract): ...     fixtures `channel`, `world`
    class TestTelegramListens(ListeningContract): ... fixtures `channel`, `feed`

Fixtures are written in the channel's own test module; `channel` is ready to work. The classes hold no state.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels.base import Again, Ambiguous, Capabilities, Channel, Gone, Inbound, Outbound, Raw, Relocated, Sent
from bot.errors import Unreadable
from flows.model import Button, Kind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

    from bot.channels.base import Accept

PAUSE = 0.005
RECEIPTS = (Sent, Again, Gone, Ambiguous, Relocated)
JUNK = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],  # one per channel
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


# --------------------------------------------------------------------------- what a channel's tests bring


@dataclass(frozen=True, slots=True)
class Shown:
    """One message as the person sees it now: its text and the labels of its buttons."""

    text: str
    labels: tuple[str, ...] = ()


class World(Protocol):
    """The far side of a channel, where messages are seen and trouble is made."""

    address: str
    """Someone who can be reached until trouble is made."""
    troubles: Mapping[str, type]
    """Trouble by name, with the class of receipt it must lead to; empty where the channel has no outside."""

    async def shown(self) -> Sequence[Shown]:
        """Return what the person at `address` has been shown, oldest first, edits applied."""

    async def suffer(self, trouble: str) -> None:
        """Make the next message to `address` meet this trouble."""

    async def tap(self, label: str) -> Raw:
        """Press the newest button with this label and return what the channel receives of it."""


@dataclass(slots=True)
class Feed:
    """A source a channel listens to: `arrive(n)` lets n messages come in, `pending()` counts those not acknowledged."""

    arrive: Arrive
    pending: Pending
    accepted: list[Raw] = field(default_factory=list)


class Arrive(Protocol):
    """Let messages come in."""

    async def __call__(self, count: int) -> None:
        """Let `count` messages arrive at the source."""


class Pending(Protocol):
    """Ask the source."""

    async def __call__(self) -> int:
        """Return how many messages the source still holds as not acknowledged."""


# --------------------------------------------------------------------------- reading


def read(channel: Channel, raw: Raw) -> list[Inbound] | None:
    """Return what `parse` gives, None where it says `Unreadable`; anything else it raises fails the test."""
    try:
        return channel.parse(raw)
    except Unreadable:
        return None


class ReadingContract:
    """`parse` is pure and total. Fixtures: `channel`, `raws` (readable samples of all kinds)."""

    def test_every_sample_is_read_as_someones_message(self, channel: Channel, raws: Sequence[Raw]) -> None:
        """Each inbound names its channel, an address and a known kind."""
        assert raws
        for raw in raws:
            for inbound in channel.parse(raw):
                assert inbound.channel == channel.name == raw.channel
                assert inbound.address
                assert inbound.message.kind in Kind

    def test_reading_twice_gives_the_same(self, channel: Channel, raws: Sequence[Raw]) -> None:
        """Nothing is remembered between two readings."""
        assert [channel.parse(raw) for raw in raws] == [channel.parse(raw) for raw in raws]

    def test_an_address_never_shows_in_a_printed_error(self, channel: Channel, raws: Sequence[Raw]) -> None:
        """A broken update is reported without what stands in it."""
        for raw in raws:
            broken = raw._replace(body=raw.body[: len(raw.body) // 2])
            with contextlib.suppress(Unreadable), _telling(channel.parse(raw)):
                channel.parse(broken)

    @JUNK
    @given(body=st.binary(max_size=200))
    def test_bytes_of_any_kind_are_read_or_refused(self, channel: Channel, body: bytes) -> None:
        """Junk gives a list or `Unreadable`, never another error."""
        read(channel, Raw(channel.name, "junk", body))

    @JUNK
    @given(document=JSON)
    def test_json_of_any_shape_is_read_or_refused(self, channel: Channel, document: object) -> None:
        """Well-formed nonsense gives a list or `Unreadable`, never another error."""
        read(channel, Raw(channel.name, "junk", json.dumps(document).encode()))

    @JUNK
    @given(data=st.data())
    def test_a_sample_with_one_part_replaced_is_read_or_refused(
        self, channel: Channel, raws: Sequence[Raw], data: st.DataObject
    ) -> None:
        """Any value of a real update exchanged for any other gives a list or `Unreadable`, never another error."""
        raw = data.draw(st.sampled_from(list(raws)))
        try:
            document = json.loads(raw.body)
        except ValueError:
            return
        mutilated = _with_one_part_replaced(document, data)
        read(channel, raw._replace(body=json.dumps(mutilated).encode()))


@contextlib.contextmanager
def _telling(inbounds: Sequence[Inbound]) -> Iterator[None]:
    try:
        yield
    except Unreadable as error:
        told = [inbound.address for inbound in inbounds if inbound.address in str(error)]
        if told:
            pytest.fail(f"the error shows an address: {error}")
        raise


def _with_one_part_replaced(document: object, data: st.DataObject) -> object:
    if isinstance(document, dict) and document and data.draw(st.integers(0, 5)):
        key = data.draw(st.sampled_from(sorted(document)))
        return {**document, key: _with_one_part_replaced(document[key], data)}
    if isinstance(document, list) and document and data.draw(st.integers(0, 5)):
        at = data.draw(st.integers(0, len(document) - 1))
        return [*document[:at], _with_one_part_replaced(document[at], data), *document[at + 1 :]]
    return data.draw(JSON)


# --------------------------------------------------------------------------- sending


class SendingContract:
    """`send` delivers or says why not. Fixtures: `channel`, `world`."""

    async def test_a_text_arrives_unchanged(self, channel: Channel, world: World) -> None:
        """Markup signs, emoji and right-to-left words are text like any other."""
        text = "Use *stars*, <b>tags</b> & under_scores\n\nمرحبا 👋🏽 ¿qué tal?"
        receipt = await channel.send(message(world, text))
        assert isinstance(receipt, Sent)
        assert [shown.text for shown in await world.shown()] == [text]

    async def test_the_longest_text_arrives_whole(self, channel: Channel, world: World) -> None:
        """A text of exactly the limit is one message."""
        text = ("word " * channel.capabilities.text)[: channel.capabilities.text - 1] + "."
        assert isinstance(await channel.send(message(world, text)), Sent)
        assert [shown.text for shown in await world.shown()] == [text]

    async def test_a_longer_text_loses_no_word(self, channel: Channel, world: World) -> None:
        """What does not fit into one message arrives in several, in order."""
        words = [f"w{n}" for n in range(channel.capabilities.text // 4)]
        assert isinstance(await channel.send(message(world, " ".join(words))), Sent)
        assert " ".join(shown.text for shown in await world.shown()).split() == words

    async def test_a_button_comes_back_with_its_data(self, channel: Channel, world: World) -> None:
        """A tap is read as the very data the button was sent with, whatever it holds."""
        if not channel.capabilities.buttons:
            pytest.skip("this channel has no buttons: options are numbered in the text")
        buttons = (Button("Good", "t4g:overall:5"), Button("Más o menos", "t4g:overall:" + "x" * 52))
        await channel.send(message(world, "How was it?", buttons=buttons))
        assert (await world.shown())[-1].labels == tuple(button.label for button in buttons)
        for button in buttons:
            (inbound,) = channel.parse(await world.tap(button.label))
            assert (inbound.address, inbound.message.kind) == (world.address, Kind.TAP)
            assert inbound.message.data == button.data

    async def test_a_tick_shows(self, channel: Channel, world: World) -> None:
        """A ticked button looks different from the same one not ticked."""
        if not channel.capabilities.buttons:
            pytest.skip("this channel has no buttons")
        await channel.send(message(world, "Which?", buttons=(Button("Bus", "t:q:bus"),)))
        await channel.send(
            replace(message(world, "Which?", buttons=(Button("Bus", "t:r:bus", ticked=True),)), key="k2")
        )
        plain, ticked = (shown.labels for shown in await world.shown())
        assert plain != ticked

    async def test_a_message_is_changed_in_place(self, channel: Channel, world: World) -> None:
        """`replaces` edits; doing it twice is as good as once."""
        if not channel.capabilities.edits:
            pytest.skip("this channel cannot edit")
        first = await channel.send(message(world, "Which?", buttons=(Button("Bus", "t:q:bus"),)))
        assert isinstance(first, Sent)
        change = message(world, "Which?", buttons=(Button("Bus", "t:q:bus", ticked=True),))
        change = replace(change, key="k2", replaces=first.external_id)
        assert isinstance(await channel.send(change), Sent)
        assert isinstance(await channel.send(change), Sent)
        assert len(await world.shown()) == 1

    async def test_the_same_key_twice_is_one_message_where_promised(self, channel: Channel, world: World) -> None:
        """Idempotent channels deliver once; others may repeat and must still say so truthfully."""
        receipts = [await channel.send(message(world, "Once")) for _ in range(2)]
        assert all(isinstance(receipt, Sent) for receipt in receipts)
        assert len(await world.shown()) == (1 if channel.capabilities.idempotent else 2)

    async def test_trouble_is_a_receipt(self, channel: Channel, world: World) -> None:
        """Each trouble of the world gives its kind of receipt and never an exception."""
        for trouble, kind in world.troubles.items():
            await world.suffer(trouble)
            receipt = await channel.send(replace(message(world, f"During {trouble}"), key=trouble))
            assert isinstance(receipt, RECEIPTS)
            assert isinstance(receipt, kind), f"{trouble}: {receipt}"

    def test_capabilities_make_sense(self, channel: Channel) -> None:
        """A channel shows at least a short text, and labels wherever it has buttons."""
        capabilities: Capabilities = channel.capabilities
        assert capabilities.text >= 160
        assert bool(capabilities.buttons) == bool(capabilities.label)


def message(world: World, text: str, *, buttons: tuple[Button, ...] = ()) -> Outbound:
    """Return a message to the world's person."""
    return Outbound(key="k1", address=world.address, text=text, buttons=buttons)


# --------------------------------------------------------------------------- listening


class ListeningContract:
    """`listen` acknowledges what is kept and nothing else. Fixtures: `channel`, `feed`."""

    async def test_what_arrives_is_handed_over_once(self, channel: Channel, feed: Feed) -> None:
        """Each message is accepted, acknowledged, and has its own id."""
        await feed.arrive(5)

        async def accept(raws: Sequence[Raw]) -> None:
            feed.accepted.extend(raws)

        async with listening(channel, accept):
            await until(lambda: len(feed.accepted) == 5)
            await until_pending(feed, 0)
        assert len({raw.external_id for raw in feed.accepted}) == 5
        assert all(raw.channel == channel.name for raw in feed.accepted)

    async def test_nothing_is_acknowledged_before_it_is_kept(self, channel: Channel, feed: Feed) -> None:
        """While the commit takes its time, the source still holds the message."""
        await feed.arrive(3)
        began, go_on = asyncio.Event(), asyncio.Event()

        async def accept(raws: Sequence[Raw]) -> None:
            began.set()
            await go_on.wait()
            feed.accepted.extend(raws)

        async with listening(channel, accept):
            async with asyncio.timeout(5):
                await began.wait()
            assert await feed.pending() > 0
            go_on.set()
            await until_pending(feed, 0)

    async def test_what_could_not_be_kept_comes_again_with_the_same_id(self, channel: Channel, feed: Feed) -> None:
        """A failed commit leaves the message at its source; the second time it is recognisable."""
        await feed.arrive(1)
        tried: list[str] = []

        async def accept(raws: Sequence[Raw]) -> None:
            tried.extend(raw.external_id for raw in raws)
            if len(tried) == 1:
                message_ = "disk full"
                raise OSError(message_)

        async with listening(channel, accept):
            await until(lambda: len(tried) >= 2)
        assert len(set(tried)) == 1


@contextlib.asynccontextmanager
async def listening(channel: Channel, accept: Accept) -> AsyncIterator[None]:
    """Let the channel listen during the block."""
    task = asyncio.create_task(channel.listen(accept))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], bool], within: float = 5.0) -> None:
    """Wait until the condition holds; fail after about `within` seconds."""
    for _ in range(int(within / PAUSE)):
        if condition():
            return
        await asyncio.sleep(PAUSE)
    pytest.fail(f"waited {within} seconds in vain")


async def until_pending(feed: Feed, count: int, within: float = 5.0) -> None:
    """Wait until the source holds `count` messages not acknowledged; fail after about `within` seconds."""
    for _ in range(int(within / PAUSE)):
        if await feed.pending() == count:
            return
        await asyncio.sleep(PAUSE)
    pytest.fail(f"after {within} seconds the source holds {await feed.pending()} messages, not {count}")
