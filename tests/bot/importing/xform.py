"""The XForm that pyxform makes of a form, and what ODK would do with it: the judge of the flow that we make.

Which questions there are, and what their expressions are worth, is said by pyxform and libxml2, not by us.
"""

from __future__ import annotations

import copy
import csv
import re
import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from lxml import etree
from pyxform.builder import create_survey_element_from_dict
from pyxform.utils import external_choices_to_csv
from pyxform.xls2json import workbook_to_json
from pyxform.xls2json_backends import get_xlsform

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Mend: TypeAlias = Mapping[int, Mapping[str, str]]

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
    count: tuple[str, str] | None = None
    """Where a repeat stands, and where stands how often it is asked."""
    turn: int = 0

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
    external: str = ""
    """The choices that lie beside the form, as the CSV that pyxform writes for ODK."""

    @cached_property
    def tree(self) -> Any:
        return etree.fromstring(self.text.encode())

    @cached_property
    def data(self) -> Any:
        """The answers as an XML document of plain names."""
        made = _bare(self.tree.find(".//x:model/x:instance", SPACES)[0])
        for each in made.iter():
            if not len(each):
                each.text = None
        for template in made.xpath("//*[@template]"):
            template.getparent().remove(template)
        return made

    @cached_property
    def lists(self) -> dict[str, Any]:
        """The choices by list, each an item below the answers: so a filter sees both."""
        found = {
            one.get("id"): _bare(one.find("x:root", SPACES))
            for one in self.tree.iterfind(".//x:model/x:instance[@id]", SPACES)
            if one.find("x:root", SPACES) is not None
        }
        header, *rows = csv.reader(self.external.splitlines()) if self.external else [[]]
        for row in rows:
            root = found.setdefault(row[0], etree.Element("root"))
            item = etree.SubElement(root, "item")
            for name, value in zip(header[1:], row[1:], strict=False):
                etree.SubElement(item, name).text = value
        for root in found.values():
            etree.SubElement(self.data, "lists").append(root)
        return found

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
        found = [] if body is None else _controls(body, (), repeated=False)
        return [one for count, some in groupby(found, lambda each: each.count) for one in self._turns(count, [*some])]

    def _turns(self, count: tuple[str, str] | None, controls: list[Control]) -> Iterator[Control]:
        """Give controls as often as ODK asks them; what a citizen may ask for again and again stays as it is."""
        if count is None or not re.fullmatch(r"\d+", self.bind(count[1]).calculate):
            yield from controls
            return
        place, times = count[0], int(self.bind(count[1]).calculate)
        for _ in range(1, times):
            self.node(place).addnext(copy.deepcopy(self.node(place)))
        for turn in range(1, times + 1):
            for one in controls:
                ref = one.ref.replace(place, f"{place}[{turn}]", 1)
                yield replace(one, ref=ref, repeated=False, turn=turn)

    def options(self, control: Control) -> set[str]:
        """Return the values that a control offers."""
        plain = {
            one.findtext("x:value", namespaces=SPACES) for one in self._element(control).iterfind("x:item", SPACES)
        }
        return plain | {item.findtext("name") for items in self._items(control, filtered=False) for item in items}

    def label(self, control: Control) -> str:
        """Return the words of a control that has what is calculated in them; nothing for any other."""
        label = self._element(control).find("x:label", SPACES)
        if label is None or label.find("x:output", SPACES) is None:
            return ""
        self.calculate()
        shown = [_text(self.worth(one.get("value"), control.ref)) + (one.tail or "") for one in label]
        return " ".join(((label.text or "") + "".join(shown)).split())

    def offered(self, control: Control) -> set[str]:
        """Return the values that a control offers now: what its filter leaves."""
        if not self.is_filtered(control):
            return self.options(control)
        return {item.findtext("name") for items in self._items(control, filtered=True) for item in items}

    def is_filtered(self, control: Control) -> bool:
        return any("[" in one for one in self._itemsets(control))

    def _element(self, control: Control) -> Any:
        ref = re.sub(r"\[\d+\]", "", control.ref)
        return next(each for each in self.tree.iter() if each.get("ref") == ref and _control_kind(each) == control.kind)

    def _itemsets(self, control: Control) -> list[str]:
        element = self._element(control)
        sets = [each.get("nodeset") for each in element.iterfind("x:itemset", SPACES)]
        return [*sets, *([element.get("query")] if element.get("query") else [])]

    def _items(self, control: Control, *, filtered: bool) -> Iterator[list[Any]]:
        for itemset in self._itemsets(control):
            found = re.match(r"instance\('([^']+)'\)/root/item(\[.*\])?", itemset)
            assert found
            yield self.lists[found[1]].xpath(f"item{found[2] if filtered and found[2] else ''}", extensions=FUNCTIONS)

    def answer(self, ref: str, value: str) -> None:
        """Write an answer; what is calculated of it follows."""
        self.node(ref).text = value
        self.calculate()

    def calculate(self) -> None:
        """Work out what is calculated, twice: a calculation may look at one further down."""
        for nodeset, bind in [*self.binds.items()] * 2:
            if bind.calculate:
                worth = _text(self.worth(bind.calculate, nodeset)) if self._applies(nodeset) else ""
                self.node(nodeset).text = worth

    def _applies(self, ref: str) -> bool:
        parts = ref.split("/")
        return self._holds("/".join(parts[: n + 1]) for n in range(1, len(parts)))

    def _holds(self, refs: Iterable[str]) -> bool:
        places = [(ref, self.bind(ref).relevant) for ref in refs if self.bind(ref).relevant]
        return all(self.worth(f"boolean({said})", ref) for ref, said in places)

    def bind(self, ref: str) -> Bind:
        """Return what the form says of an answer, whichever turn of a repeat it stands in."""
        return self.binds.get(re.sub(r"\[\d+\]", "", ref), Bind())

    def node(self, ref: str) -> Any:
        return self.data.getroottree().xpath(ref)[0]

    def kept(self, name: str) -> str:
        """Return what the form keeps under a name."""
        found = self.data.xpath(f"//*[local-name() = '{name}']")
        return (found[0].text or "") if found else ""

    def worth(self, expression: str, ref: str) -> Any:
        """Return what an expression is worth, seen from an answer."""
        return self.node(ref).xpath(expression, extensions=FUNCTIONS)

    def is_relevant(self, control: Control) -> bool:
        """Return whether ODK asks it now: its own condition holds, and that of each group around it."""
        return self._holds((*control.within, control.ref))

    def allows(self, ref: str, value: str) -> bool:
        """Return whether ODK takes an answer."""
        before = self.node(ref).text
        self.node(ref).text = value
        held = bool(self.worth(f"boolean({self.bind(ref).constraint})", ref))
        self.node(ref).text = before
        return held


def of(data: bytes, kind: str, mend: Mend = MappingProxyType({})) -> XForm:
    """Return the XForm of a form, its rows changed as `mend` says. Raises what pyxform raises where it refuses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of what it would leave out if it wrote the file again
        sheets = get_xlsform(data, file_type=kind)
        sheets.survey = [*_mended(sheets.survey, mend)]
        sheets.survey_header[0].update({column: None for cells in mend.values() for column in cells})
        made = create_survey_element_from_dict(workbook_to_json(sheets, warnings=[], fallback_form_name="data"))
        return XForm(made.to_xml(validate=False), external_choices_to_csv(sheets) or "")


def _mended(rows: Iterable[dict[str, str]], mend: Mend) -> Iterator[dict[str, str]]:
    """Give rows with some cells written over; one without any cells is taken out, one that is not there comes last."""
    numbered = dict(enumerate(rows, 2))
    for number, row in {**numbered, **{new: {} for new in mend if new not in numbered}}.items():
        cells = mend.get(number, {})
        if cells or number not in mend:
            yield {**row, **cells}


def _bare(node: Any) -> Any:
    """Return a copy of a node whose names are in no space."""
    made = etree.fromstring(etree.tostring(node))
    for each in made.iter():
        each.tag = etree.QName(each).localname
        for name in [name for name in each.attrib if name.startswith("{")]:
            each.set(etree.QName(name).localname, each.attrib.pop(name))
    return made


def _kind(node: Any) -> str:
    return str(etree.QName(node).localname) if isinstance(node.tag, str) else ""


def _control_kind(node: Any) -> str:
    return "select1" if node.get("query") else _kind(node)


def _controls(
    node: Any, within: tuple[str, ...], *, repeated: bool, count: tuple[str, str] | None = None
) -> Iterator[Control]:
    for each in node:
        kind = _control_kind(each)
        ref = each.get("ref") or each.get("nodeset")
        if kind in CONTROLS:
            yield Control(ref, kind, within, repeated, count)
        elif kind in {"group", "repeat"}:
            said = (each.get(f"{JAVAROSA}count") or "").strip()
            inner = (*within, ref) if ref else within
            turns = (ref, said) if said else count
            yield from _controls(each, inner, repeated=repeated or kind == "repeat", count=turns)


def _selected(_: Any, chosen: Any, wanted: Any) -> bool:
    return _text(wanted).strip() in _text(chosen).split()


def _count_selected(_: Any, chosen: Any) -> float:
    return float(len(_text(chosen).split()))


def _if(_: Any, said: Any, one: Any, other: Any) -> str:
    return _text(one) if said else _text(other)


def _regex(_: Any, text: Any, pattern: Any) -> bool:
    return bool(re.fullmatch(_text(pattern), _text(text), re.ASCII))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return (value[0].text or "") if value else ""
    return f"{value:g}" if isinstance(value, float) else str(value)


FUNCTIONS: Mapping[tuple[None, str], Any] = {
    (None, "selected"): _selected,
    (None, "count-selected"): _count_selected,
    (None, "if"): _if,
    (None, "regex"): _regex,
    (None, "pulldata"): lambda *_: "",  # there is no file to pull from
}
