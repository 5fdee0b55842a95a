"""Data sets whose texts people have coded: what was said, and what it is about."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

NHS, CYCLING, SYNTHETIC = "nhs-patient-feedback", "cycling-dialogues-de", "themefinder-synthetic"
CODES = Path(__file__).parent / "codes.toml"


@dataclass(frozen=True, slots=True)
class Coded:
    """A data set."""

    words: list[str]
    about: NDArray[np.float32]
    """One row for each text, one column for each code: 1 or 0."""
    cues: Mapping[str, Sequence[str]]
    """What a manager would say a code means."""
    language: str


def nhs(data: Path) -> Coded:
    """Return comments of the users of an ambulance trust, with the ten codes given most; "Did not answer" is none."""
    cues = codes(NHS)
    table = pd.read_csv(data / NHS / "v6framework_230831.csv")
    said = table["FFT answer"].notna() & (table["FFT answer"] != "Did not answer")
    table = table[said]
    about = table[list(cues)].notna().to_numpy(np.float32)
    return Coded([str(text) for text in table["FFT answer"]], about, cues, "en")


def cycling(data: Path) -> Coded:
    """Return contributions to the cycling dialogue of a German city, with the seven codes that say something."""
    cues = codes(CYCLING)
    table = pd.read_csv(data / CYCLING / "cycling-dialogues-topics.csv")
    words = (table["title"].fillna("") + ". " + table["text"].fillna("")).tolist()
    return Coded(words, (table[list(cues)] > 0).to_numpy(np.float32), cues, "de")


def synthetic(data: Path, part: int) -> Coded:
    """Return the synthetic answers to a question on gambling; names and descriptions of the themes are the cues."""
    folder = data / SYNTHETIC / "gambling_XS"
    question = f"question_part_{part}"
    (made,) = (folder / "outputs" / "mapping").iterdir()
    themes = json.loads((made / question / "themes.json").read_text("utf-8"))
    themes = [each for each in themes if each["topic_id"] not in {"X", "Y", "Z"}]
    labels = {row["response_id"]: row["labels"] for row in _rows(made / question / "mapping.jsonl")}
    said = _rows(folder / "inputs" / question / "responses.jsonl")
    about = [[float(theme["topic_id"] in labels[row["response_id"]]) for theme in themes] for row in said]
    cues = {theme["topic_label"]: [theme["topic_label"], theme["topic_description"]] for theme in themes}
    return Coded([row["response"] for row in said], np.array(about, np.float32), cues, "en")


def codes(name: str) -> dict[str, list[str]]:
    """Return the codes of a data set with sentences of our own."""
    read: dict[str, dict[str, list[str]]] = tomllib.loads(CODES.read_text("utf-8"))
    return read[name]


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]
