"""Faults put into the program, to see that the reckoning finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.ledger import Ledger
from bot.participation import Participations
from flows import branching, engine
from storage import inbox

if TYPE_CHECKING:
    import pytest

    from flows.model import Answer


def _still_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(engine, "_kept", lambda _scene, _walk, answers: dict(answers))


def _taken_twice(patch: pytest.MonkeyPatch) -> None:
    take = inbox.take

    def forgetful(db: Any, raws: Any, now: Any) -> set[tuple[str, str]]:
        return take(db, raws, now) | {(one.channel, one.external_id) for one in raws}

    patch.setattr(inbox, "take", forgetful)


def _edits_passed_over(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(engine, "_amend", lambda *_: None)


def _later_answers_lost(patch: pytest.MonkeyPatch) -> None:
    reopen = engine._reopen

    def forgetful(scene: Any, state: str, *picked: Any) -> None:
        names = list(scene.session.answers)
        kept = {one: scene.session.answers[one] for one in names[: names.index(state) + 1]}
        reopen(scene, state, *picked)
        scene.move(answers=kept)

    patch.setattr(engine, "_reopen", forgetful)


def _never_handed_in(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ledger, "hand_in", lambda *_: None)


def _best_is_any(patch: pytest.MonkeyPatch) -> None:
    def any_way(state: Any, answer: Answer | None) -> str | None:
        said = (answer and answer.value) or ()
        return next((to for option, to in state.ways.items() if option in str(said)), None)

    patch.setattr(branching, "own_way", any_way)


def _drafts_count_with_the_next(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Participations, "_leave", lambda *_: None)


FAULTS = {
    "what is on a way no longer taken still counts": _still_counted,
    "an update that comes again is taken again": _taken_twice,
    "an edited message is passed over": _edits_passed_over,
    "changing an answer loses the later ones": _later_answers_lost,
    "what is handed in does not count": _never_handed_in,
    "any option put in order leads on, not the best": _best_is_any,
    "what was never handed in counts with the next passage": _drafts_count_with_the_next,
}
