"""All addresses of the site on one page, and what every request passes on its way."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.channels.web import chat, leaving, own_data, public, service
from bot.channels.web.failures import LARGEST, Contained, handlers
from bot.channels.web.manage import (
    actions,
    answers,
    asking,
    assess,
    concluding,
    desk,
    documents,
    doors,
    entering,
    figures,
    outcome,
    places,
    preview,
    quarters,
    quoted,
    report,
    sent,
    shelf,
    standing,
    taking,
    themes,
    threads,
    turnout,
    urgent,
)
from bot.channels.web.pages import HOME, Pages, pages_of
from bot.channels.web.safety import SafeHeaders, Streams, same_origin
from bot.channels.web.words import Dictionary
from bot.flood import Pace
from flows.words import MOST_DIGITS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from bot.channels.web.backstage import Backstage

    Handler = Callable[[Request], Awaitable[Response]]


def site(backstage: Backstage, *, texts: tuple[Path, ...] = ()) -> Starlette:
    """Return the whole site; `texts` are further folders with sentences, for languages we do not bring."""
    pages = Pages(backstage, Dictionary.load(*texts), _fingerprint())
    app = Starlette(
        routes=[
            *_machines(),
            *_citizens(),
            *_staff(),
            Mount("/static", StaticFiles(directory=HOME / "static")),
            get("/{code}", public.typed),  # last: it takes what no other address is
        ],
        middleware=[
            Middleware(SafeHeaders, secure=pages.secure),
            Middleware(Contained),
            Middleware(RequestBodyLimitMiddleware, max_body_size=LARGEST),
        ],
        exception_handlers=handlers(),
    )
    app.state.pages = pages
    app.state.pace = Pace(40, timedelta(minutes=1))
    app.state.looks = Pace(120, timedelta(minutes=1))
    app.state.newcomers = Pace(600, timedelta(minutes=1))
    app.state.streams = Streams()
    return app


def _citizens() -> list[Route]:
    return [
        get("/", public.front),
        get("/privacy", public.privacy),
        get("/rounds", public.every),
        get("/rounds/{code}", public.about),
        get("/rounds/{code}/qr.svg", public.qr),
        get("/rounds/{code}/documents/{name}", public.document),
        get("/rounds/{code}/figures.csv", public.figures),
        get("/rounds/{code}/codebook.csv", public.codebook),
        get("/stop/{token}", leaving.show),
        post("/stop/{token}", leaving.leave),
        post("/stop/{token}/data", leaving.send_data),
        get("/mydata/{token}", own_data.show),
        post("/mydata/{token}/{form}", own_data.take),
        get("/receipt", chat.ask_receipt),
        post("/receipt", chat.open_receipt),
        get("/chat", chat.show),
        post("/chat", chat.say),
        post("/chat/start", chat.start),
        get("/chat/stream", chat.stream),
        get("/chat/pictures/{name}", chat.picture),
        get("/chat/{code}", chat.show),
        post("/language", chat.language),
    ]


class OurNumber(IntegerConvertor):
    """A number in an address; what has more digits than any of ours leads nowhere."""

    regex = f"[0-9]{{1,{MOST_DIGITS}}}"


def _staff() -> list[Route]:
    round_ = "/manage/rounds/{code}"
    flow = "/manage/flows/{flow}"
    digest = "/manage/digests/{service}/{period}"
    thread = "/manage/threads/{name}"
    action = "/manage/actions/{service}"
    register_url_convertor("int", OurNumber())
    return [
        get("/manage/sign-in", doors.knock),
        post("/manage/sign-in", doors.enter),
        post("/manage/sign-out", doors.staff(doors.leave)),
        get("/manage", doors.staff(desk.overview)),
        get("/manage/rounds/new", doors.staff(desk.new)),
        post("/manage/rounds/new", doors.staff(desk.create)),
        post("/manage/rounds/new/check", doors.staff(standing.of_new)),
        get(round_, doors.staff(desk.show)),
        get(f"{round_}/files", doors.staff(sent.overview)),
        get(f"{round_}/files/{{number:int}}", doors.staff(sent.show)),
        get(f"{round_}/numbers", doors.staff(desk.numbers)),
        get(f"{round_}/results.csv", doors.staff(outcome.sheet_file)),
        get(f"{round_}/results/{{state}}.png", doors.staff(outcome.drawn)),
        get(f"{round_}/picture", doors.staff(desk.picture)),
        get(f"{round_}/picture.svg", doors.staff(desk.picture_file)),
        get(f"{round_}/edit", doors.staff(desk.edit)),
        post(f"{round_}/edit", doors.staff(desk.change)),
        post(f"{round_}/edit/check", doors.staff(standing.of_draft)),
        post(f"{round_}/keep", doors.staff(desk.keep)),
        post(f"{round_}/approve", doors.staff(desk.approve)),
        post(f"{round_}/open", doors.staff(desk.open_)),
        post(f"{round_}/pause", doors.staff(desk.pause)),
        post(f"{round_}/resume", doors.staff(desk.resume)),
        post(f"{round_}/close", doors.staff(desk.close)),
        post(f"{round_}/cancel", doors.staff(desk.cancel)),
        post(f"{round_}/extend", doors.staff(desk.extend)),
        post(f"{round_}/note", doors.staff(concluding.note)),
        post(f"{round_}/issue", doors.staff(concluding.issue)),
        post(f"{round_}/read", doors.staff(concluding.read)),
        post(f"{round_}/analyse", doors.staff(concluding.analyse)),
        post(f"{round_}/decide", doors.staff(concluding.decide)),
        get(f"{round_}/answers", doors.staff(taking.overview)),
        post(f"{round_}/answers", doors.staff(taking.take)),
        get(f"{round_}/report", doors.staff(report.show)),
        post(f"{round_}/report", doors.staff(report.keep)),
        get(f"{round_}/report/preview", doors.staff(report.preview)),
        get(f"{round_}/report/page", doors.staff(report.whole_page)),
        post(f"{round_}/report/publish", doors.staff(report.publish)),
        post(f"{round_}/archive", doors.staff(concluding.archive)),
        get(f"{round_}/enter", doors.staff(entering.offer)),
        post(f"{round_}/enter", doors.staff(entering.begin)),
        get(f"{round_}/enter/{{name}}", doors.staff(entering.show)),
        post(f"{round_}/enter/{{name}}", doors.staff(entering.say, files=1)),
        get(f"{round_}/poster.pdf", doors.staff(places.poster)),
        get(f"{round_}/page.zip", doors.staff(outcome.folder)),
        post(f"{round_}/places", doors.staff(places.add)),
        post(f"{round_}/documents", doors.staff(documents.change, files=1)),
        get(f"{round_}/places/{{place}}/qr.svg", doors.staff(places.qr)),
        get(f"{round_}/audience", doors.staff(asking.show)),
        post(f"{round_}/audience", doors.staff(asking.change)),
        post(f"{round_}/list", doors.staff(asking.receive, files=1)),
        post(f"{round_}/list/away", doors.staff(asking.take_away)),
        get(f"{round_}/turnout", doors.staff(turnout.show)),
        post(f"{round_}/margins", doors.staff(turnout.weigh)),
        post(f"{round_}/margins/forget", doors.staff(turnout.unweigh)),
        post(f"{round_}/aims", doors.staff(turnout.aim)),
        get(f"{round_}/preview", doors.staff(preview.show)),
        post(f"{round_}/preview", doors.staff(preview.go_on)),
        get("/manage/flows", doors.staff(shelf.overview)),
        get(flow, doors.staff(shelf.show)),
        get(f"{flow}/picture.svg", doors.staff(shelf.picture_file)),
        get(f"{flow}/preview", doors.staff(preview.show_flow)),
        post(f"{flow}/preview", doors.staff(preview.go_on_flow)),
        post(f"{flow}/transcript", doors.staff(preview.keep)),
        get("/manage/digests", doors.staff(figures.overview)),
        post("/manage/digests", doors.staff(figures.choose)),
        get(digest, doors.staff(figures.show)),
        get(f"{digest}/charts/{{name}}.png", doors.staff(figures.drawn)),
        get(f"{digest}/page.pdf", doors.staff(figures.paper)),
        get(f"{digest}/figures.xlsx", doors.staff(figures.book)),
        get(f"{digest}/digest.json", doors.staff(figures.data)),
        get("/manage/quarters/{service}/{quarter}", doors.staff(quarters.show)),
        get("/manage/actions", doors.staff(actions.overview)),
        get(action, doors.staff(actions.listed)),
        get(f"{action}/act", doors.staff(actions.begin)),
        post(f"{action}/act", doors.staff(actions.act)),
        get(f"{action}/{{number:int}}", doors.staff(actions.show)),
        post(f"{action}/{{number:int}}/give", doors.staff(actions.give)),
        post(f"{action}/{{number:int}}/settle", doors.staff(actions.settle)),
        get("/manage/answers/{service}", doors.staff(answers.show)),
        get("/manage/assess", doors.staff(assess.overview)),
        get("/manage/assess/{service}", doors.staff(assess.show)),
        get("/manage/assess/{service}/form", doors.staff(assess.form)),
        post("/manage/assess/{service}/form", doors.staff(assess.save)),
        post("/manage/assess/{service}/viewers", doors.staff(assess.share)),
        get("/manage/themes", doors.staff(themes.overview)),
        get("/manage/themes/{service}", doors.staff(themes.show)),
        post("/manage/themes/{service}", doors.staff(themes.change)),
        get("/manage/themes/{service}/{theme}", doors.staff(themes.texts)),
        post("/manage/themes/{service}/{theme}", doors.staff(themes.correct)),
        get("/manage/words", doors.staff(quoted.overview)),
        get("/manage/words/{service}", doors.staff(quoted.show)),
        post("/manage/words/{service}", doors.staff(quoted.judge)),
        get("/manage/threads", doors.staff(threads.overview)),
        get(thread, doors.staff(threads.show)),
        get(f"{thread}/files/{{number:int}}", doors.staff(threads.file)),
        post(f"{thread}/reply", doors.staff(threads.reply)),
        post(f"{thread}/close", doors.staff(threads.close)),
        post(f"{thread}/hand", doors.staff(threads.hand_on)),
        post(f"{thread}/block", doors.staff(threads.block)),
        post(f"{thread}/unblock", doors.staff(threads.unblock)),
        get("/manage/urgent/{service}", doors.staff(urgent.show)),
        post("/manage/urgent/{service}/{number:int}/done", doors.staff(urgent.done)),
    ]


def _machines() -> list[Route]:
    return [
        get("/healthz", service.alive),
        get("/readyz", service.ready),
        get("/metrics", service.metrics),
        Route("/telegram", service.telegram, methods=["POST"]),
        get("/robots.txt", service.robots),
        get("/digest.schema.json", figures.schema),
    ]


def get(path: str, handler: Handler) -> Route:
    """Return a route that only shows."""
    return Route(path, handler, methods=["GET"])


def post(path: str, handler: Handler) -> Route:
    """Return a route that changes something, from our own pages only."""

    async def guarded(request: Request) -> Response:
        if not same_origin(request, pages_of(request).backstage.config.web.public_url):
            raise HTTPException(403)
        try:
            return await handler(request)
        finally:
            await request.close()

    return Route(path, guarded, methods=["POST"])


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for file in sorted((HOME / "static").iterdir()):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
