"""A digest as a mail: text and HTML with the same words, the chart inline and its numbers as a table."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bot.channels.base import Mail
from bot.digests.render import items
from bot.digests.render.charts import charts
from bot.digests.render.chat import WORDS
from bot.digests.render.leads import leads
from bot.digests.render.shorter import shorter
from bot.digests.render.told import LONGEST, page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.digests.model import Digest
    from bot.digests.render.told import Told
    from bot.texts import Texts

ROOM = ((5, LONGEST, False), (5, 240, False), (3, 160, False), (3, 160, True), (2, 160, True))
"""How many quotes of how many letters are tried, and whether it has to be brief, in this order."""

STAFF = "/manage/"
"""Below it are the pages of a service's people: the digest's own, and its themes."""


def mail(digest: Digest, texts: Texts, url: str = "") -> tuple[str, Mail]:
    """Return the plain text and the rest of the mail. `url` is the digest's page; empty leaves the links out."""
    drawn = charts(digest, texts)
    service = texts.pick(digest.name, digest.service)
    said = {name: texts(f"digest.foot.{name}", service=service, url=url) for name in ("open", "automatic", "stop")}
    said["look"] = texts("digest.themes.look")
    themes = f"{url.partition(STAFF)[0]}{STAFF}themes/{digest.service}" if url else ""
    said["show"], said["all"] = texts("deed.chat.show"), texts("deed.chat.see_all")
    root = url.partition(STAFF)[0]
    ways = {item: [(f"{root}{each.path}", each.label) for each in found]
            for item, found in leads(digest, texts).items()} if url else {}  # fmt: skip
    values = {"url": url, "themes": themes, "charts": drawn, "words": said, "ways": ways}
    told, text = _on_one_page(digest, texts, values)
    html = _environment().get_template("digest.html").render(values, told=told)
    return text, Mail(told.subject, html, drawn)


def _on_one_page(digest: Digest, texts: Texts, values: Mapping[str, object]) -> tuple[Told, str]:
    """Return the digest with as many quotes, and as long ones, as leave it under 400 words without its tables."""
    template = _environment().get_template("digest.txt")
    for told in _tried(digest, texts):
        text = template.render(values, told=told).strip() + "\n"
        if words(text) < WORDS:
            break
    return told, text


def _tried(digest: Digest, texts: Texts) -> Iterator[Told]:
    for quotes, length, brief in ROOM:
        yield page(digest, texts, quotes, length, brief=brief)
    yield from shorter(digest, texts)


def words(text: str) -> int:
    """Return how many words a digest has as plain text, without its tables."""
    return sum(items.words(line) for line in text.splitlines() if " | " not in line)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
