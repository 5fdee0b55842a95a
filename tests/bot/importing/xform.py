"""The XForm that pyxform makes of a form, and what ODK would do with it: the judge of the flow that we make.

Which questions there are, and what their expressions are worth, is said by pyxform and libxml2, not by us.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lxml import etree
from pyxform.xls2xform import convert

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SPACES = {"x": "http://www.w3.org/2002/xforms", "h": "http://www.w3.org/1999/xhtml"}
CONTROLS = {"input", "select1", "select", "trigger", "upload", "range", "rank"}
JAVAROSA = "{http://openrosa.org/javarosa}"


@dataclass(frozen=True)
class Control:
    """What ODK asks: where its answer goes, which of its groups it stands in, what it offers."""

    ref: str
    kind: str
    within: tuple[str, ...]
    repeated: bool

    @property
    def name(self) -> str:
        return self.ref.rpartition("/")[2]


@dataclass(frozen=True)
class Bind:
    """What an XForm says about an answer."""

    type: str = "string"
    relevant: str = ""
    constraint: str = ""
    required: str = ""
    readonly: str = ""
    calculate: str = ""


@dataclass
class XForm:
    """A form as ODK would fill it in."""

    text: str
    answers: dict[str, str] = field(default_factory=dict)

    @cached_property
    def tree(self) -> Any:
        return etree.fromstring(self.text.encode())

    @cached_property
    def data(self) -> Any:
        """The answers as an XML document of plain names."""
        made = etree.fromstring(etree.tostring(self.tree.find(".//x:model/x:instance", SPACES)[0]))
        for each in made.iter():
            each.tag = etree.QName(each).localname
            if not len(each):
                each.text = None
        return made

    @cached_property
    def binds(self) -> dict[str, Bind]:
        names = Bind.__dataclass_fields__
        return {
            bind.get("nodeset"): Bind(**{name: bind.get(name) for name in names if bind.get(name) is not None})
            for bind in self.tree.iterfind(".//x:model/x:bind", SPACES)
        }

    @cached_property
    def controls(self) -> list[Control]:
        body = self.tree.find("h:body", SPACES)
        return [] if body is None else [*_controls(body, (), repeated=False)]

    def options(self, control: Control) -> set[str]:
        """Return the values that a control offers."""
        node = next(each for each in self.tree.iter() if each.get("ref") == control.ref and _kind(each) == control.kind)
        listed = {one.findtext("x:value", namespaces=SPACES) for one in node.iterfind("x:item", SPACES)}
        for itemset in node.iterfind("x:itemset", SPACES):
            found = re.match(r"instance\('([^']+)'\)", itemset.get("nodeset"))
            assert found
            items = self.tree.iterfind(f".//x:instance[@id='{found[1]}']/x:root/x:item", SPACES)
            listed |= {item.findtext("x:name", namespaces=SPACES) for item in items}
        return listed

    def answer(self, ref: str, value: str) -> None:
        """Write an answer; what is calculated of it follows."""
        self.node(ref).text = value
        for nodeset, bind in self.binds.items():
            if bind.calculate:
                self.node(nodeset).text = str(self.worth(bind.calculate, nodeset))

    def node(self, ref: str) -> Any:
        return self.data.getroottree().xpath(ref)[0]

    def worth(self, expression: str, ref: str) -> Any:
        """Return what an expression is worth, seen from an answer."""
        return self.node(ref).xpath(expression, extensions=FUNCTIONS)

    def is_relevant(self, control: Control) -> bool:
        """Return whether ODK asks it now: its own condition holds, and that of each group around it."""
        places = [ref for ref in (*control.within, control.ref) if self.binds.get(ref, Bind()).relevant]
        return all(self.worth(f"boolean({self.binds[ref].relevant})", ref) for ref in places)

    def allows(self, ref: str, value: str) -> bool:
        """Return whether ODK takes an answer."""
        before = self.node(ref).text
        self.node(ref).text = value
        held = bool(self.worth(f"boolean({self.binds[ref].constraint})", ref))
        self.node(ref).text = before
        return held


def of(data: bytes, kind: str) -> XForm:
    """Return the XForm of a form. Raises what pyxform raises where it refuses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of what it would leave out if it wrote the file again
        return XForm(convert(data, file_type=kind).xform)


def _kind(node: Any) -> str:
    return str(etree.QName(node).localname) if isinstance(node.tag, str) else ""


def _controls(node: Any, within: tuple[str, ...], *, repeated: bool) -> Iterator[Control]:
    for each in node:
        kind = _kind(each)
        ref = each.get("ref") or each.get("nodeset")
        if kind in CONTROLS:
            yield Control(ref, kind, within, repeated)
        elif kind in {"group", "repeat"}:
            yield from _controls(each, (*within, ref) if ref else within, repeated=repeated or kind == "repeat")


def _selected(_: Any, chosen: Any, wanted: Any) -> bool:
    return _text(wanted).strip() in _text(chosen).split()


def _count_selected(_: Any, chosen: Any) -> float:
    return float(len(_text(chosen).split()))


def _if(_: Any, said: Any, one: Any, other: Any) -> str:
    return _text(one) if said else _text(other)


def _regex(_: Any, text: Any, pattern: Any) -> bool:
    return bool(re.search(_text(pattern), _text(text)))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return (value[0].text or "") if value else ""
    return f"{value:g}" if isinstance(value, float) else str(value)


FUNCTIONS: Mapping[tuple[None, str], Any] = {
    (None, "selected"): _selected,
    (None, "count-selected"): _count_selected,
    (None, "if"): _if,
    (None, "regex"): _regex,
}
