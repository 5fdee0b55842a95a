"""Addresses of a round and its places: the Telegram deep link, the public page, the chat, and QR codes of them."""

from __future__ import annotations

import io
from ipaddress import ip_address
from urllib.parse import urlsplit

import segno


def deep_link(username: str, code: str) -> str:
    """Return the link that opens the bot `username` (without @) at a round or service."""
    return f"https://t.me/{username}?start={code}"


def page_url(public_url: str, code: str) -> str:
    """Return the address of the public page of a round."""
    return f"{public_url}/rounds/{code}"


def chat_url(public_url: str, code: str) -> str:
    """Return the address of the web chat that starts this round."""
    return f"{public_url}/chat/{code}"


def short_url(public_url: str, code: str) -> str:
    """Return the shortest address of a round or a place, for people who type it from a poster."""
    return f"{public_url}/{code}"


def only_here(public_url: str) -> bool:
    """Whether an address is one of this machine alone, which no phone of anybody else can open."""
    host = urlsplit(public_url).hostname or ""
    try:
        at = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return at.is_loopback or at.is_unspecified


def modules(address: str) -> tuple[bytearray, ...]:
    """Return the squares of a QR code row by row, 1 for dark, without the white around it."""
    return tuple(segno.make(address, error="q", micro=False).matrix)


def qr_svg(address: str) -> str:
    """Return a QR code as an SVG picture, readable with a quarter of it dirty."""
    out = io.BytesIO()
    segno.make(address, error="q", micro=False).save(out, kind="svg", scale=8, xmldecl=False, svgns=True)
    return out.getvalue().decode()


def qr_png(address: str, scale: int = 12) -> bytes:
    """Return a QR code as PNG, `scale` pixels a module: 12 prints well at 5 centimetres."""
    out = io.BytesIO()
    segno.make(address, error="q", micro=False).save(out, kind="png", scale=scale)
    return out.getvalue()
