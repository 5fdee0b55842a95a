"""The log of each test is its own: a program that was set up in one says nothing in the next."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator

for each in structlog.get_config()["processors"]:
    if isinstance(each, structlog.dev.ConsoleRenderer):
        each.exception_formatter = structlog.dev.plain_traceback
"""Where no program has set the log up, errors are told plainly: with every variable around, each takes a minute."""


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Leave the log of the other tests as it was, wherever a test or a program in it has set the log up."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    if structlog.is_configured():
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
