"""The log says what happened and never what a person wrote or what we sign in with."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
from datetime import UTC
from typing import TYPE_CHECKING

import pytest
import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot import config, log
from bot.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.house import Citizen, House

TOKEN = "123456:abcdefghijklmnopqrstuvwxyz0123"


def written(**environ: str) -> io.StringIO:
    """Set the log up as the environment says and return where it writes."""
    stream = io.StringIO()
    log.set_up(config.load(None, {"CIVICLOOP_TELEGRAM__TOKEN": TOKEN, **environ}), stream)
    return stream


def test_an_event_is_one_line_of_words() -> None:
    stream = written()
    structlog.get_logger().info("turn.completed", contact=41, flow="ideas@3", why="two words", none=None)
    (line,) = stream.getvalue().splitlines()
    assert line.endswith('Z info turn.completed contact=41 flow=ideas@3 why="two words"')


def test_machines_get_json() -> None:
    stream = written(CIVICLOOP_LOG__FORMAT="json")
    structlog.get_logger().info("turn.completed", contact=41)
    found = json.loads(stream.getvalue())
    assert (found["event"], found["contact"], found["level"]) == ("turn.completed", 41, "info")


async def test_a_turn_is_one_log_line_without_words(house: House, citizen: Citizen) -> None:
    await citizen.starts(house.pulse().code)
    await citizen.does("Yes", "Yes, let us begin")
    stream = io.StringIO()
    log.set_up(house.config, stream)
    await citizen.says("my secret words")
    (line,) = stream.getvalue().splitlines()
    said = f"info turn.completed contact={house.contact('c1').id} flow=deliver_pulse@1 origin=overall to=overall ms="
    assert re.fullmatch(rf"\S+Z {said}[\d.]+", line)


@pytest.mark.parametrize(
    ("form", "read"),
    [("plain", lambda line: line.split("contact=")[1]), ("json", lambda line: json.loads(line)["contact"])],
)
def test_many_alike_are_a_line_each(form: str, read: Callable[[str], object]) -> None:
    stream = written(CIVICLOOP_LOG__FORMAT=form)
    log.alike(logging.getLogger("civicloop.turns"), "turn.completed", log.Alike(["contact"], [(41,), (42,)]))
    assert [str(read(line)) for line in stream.getvalue().splitlines()] == ["41", "42"]


def test_many_alike_are_silent_below_the_level() -> None:
    stream = written(CIVICLOOP_LOG__LEVEL="warning")
    log.alike(logging.getLogger("civicloop.turns"), "turn.completed", log.Alike(["contact"], [(41,)]))
    assert stream.getvalue() == ""


@pytest.mark.parametrize("key", sorted(log.PERSONAL))
def test_what_people_wrote_and_where_they_are_is_never_written(key: str) -> None:
    stream = written()
    structlog.get_logger().warning("odd", **{key: "my neighbour is ill"})
    assert "neighbour" not in stream.getvalue()
    assert f"{key}={log.DOTS}" in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [f"POST https://api.telegram.org/bot{TOKEN}/getMe", "postgresql://me:hunter2@host/db", "hunter3 is it"],
)
def test_secrets_are_dots_wherever_they_stand(text: str) -> None:
    stream = written(CIVICLOOP_MAIL__PASSWORD="hunter3")
    structlog.get_logger().warning(text, where=text, many=[text])
    logging.getLogger("some.library").warning("said %s", text)
    for secret in (TOKEN, "hunter2", "hunter3"):
        assert secret not in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 2


def test_an_unforeseen_error_is_its_kind_and_place_without_its_message() -> None:
    stream = written()
    try:
        float("my neighbour is ill")
    except ValueError:
        structlog.get_logger().exception("turn.failed")
    assert "neighbour" not in stream.getvalue()
    assert "error=ValueError at=test_log.py:" in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 1


def test_an_error_of_our_own_says_its_reason() -> None:
    stream = written()
    logging.getLogger("bot").error("round.refused", exc_info=Refused("the round has no end"))
    assert 'error=Refused reason="the round has no end"' in stream.getvalue()


def test_libraries_that_would_tell_too_much_are_heard_only_when_they_warn() -> None:
    stream = written()
    logging.getLogger("httpx").info("HTTP Request: POST somewhere")
    logging.getLogger("telegram.Bot").debug("message")
    assert stream.getvalue() == ""


def test_a_ring_that_is_skipped_or_broken_off_at_the_end_is_no_trouble() -> None:
    async def unending() -> None:
        await asyncio.Event().wait()

    async def stopped() -> None:
        bell = AsyncIOScheduler(timezone=UTC, job_defaults={"max_instances": 1})
        bell.add_job(unending, "interval", seconds=0.01)
        bell.start()
        await asyncio.sleep(0.2)
        bell.shutdown(wait=False)
        await asyncio.sleep(0.05)

    stream = written()
    asyncio.run(stopped())
    assert stream.getvalue() == ""
    logging.getLogger("apscheduler.executors.default").error("Error running job", exc_info=ValueError("x"))
    assert "ValueError" in stream.getvalue()


def test_the_parameters_of_a_failed_statement_are_left_out() -> None:
    stream = written()
    structlog.get_logger().error("db", said="bad\n[SQL: INSERT]\n[parameters: ('my neighbour',)]")
    assert "neighbour" not in stream.getvalue()
