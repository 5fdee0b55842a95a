"""A digest as a mail: text and HTML with the same words, the chart inline and its numbers as a table."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bot.channels.base import Mail
from bot.digests.render.bars import bar_chart
from bot.digests.render.chart import picture
from bot.digests.render.told import page

if TYPE_CHECKING:
    from bot.digests.model import Digest
    from bot.texts import Texts

CHART = "chart"
"""Content id of the chart."""
WANTED = "wanted"
"""What the content ids of the bars of what people want begin with."""
QUOTES = 5


def mail(digest: Digest, texts: Texts, url: str = "") -> tuple[str, Mail]:
    """Return the plain text and the rest of the mail. `url` is the digest's page; empty leaves the links out."""
    chart = picture(digest, texts)
    told = page(digest, texts, QUOTES)
    service = texts.pick(digest.name, digest.service)
    words = {name: texts(f"digest.foot.{name}", service=service, url=url) for name in ("open", "automatic", "stop")}
    bars = [(f"{WANTED}{number}", drawn) if (drawn := bar_chart(each, texts)) else None
            for number, each in enumerate(digest.results, 1)]  # fmt: skip
    values = {"told": told, "url": url, "chart": chart, "cid": CHART, "bars": bars, "words": words}
    text = _environment().get_template("digest.txt").render(values).strip() + "\n"
    html = _environment().get_template("digest.html").render(values)
    return text, Mail(told.subject, html, ({CHART: chart} if chart else {}) | dict(filter(None, bars)))


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
