"""Every state a small model can reach, found breadth first, with the shortest way to each."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

State = TypeVar("State")
Step = tuple[str, ...]
"""What happens, to whom, and to which thing: `("look", "a")`."""


@dataclass(frozen=True, slots=True)
class Graph(Generic[State]):
    """What was found: each state with the steps from it, and the step by which it was first reached."""

    edges: dict[State, list[tuple[Step, State]]]
    came: dict[State, tuple[State, Step] | None]

    def trace(self, state: State) -> list[Step]:
        """Return the shortest way to a state."""
        steps: list[Step] = []
        while (before := self.came[state]) is not None:
            state, step = before
            steps.append(step)
        return steps[::-1]

    def stuck(self, is_good: Callable[[State], bool]) -> Iterator[State]:
        """Give each state from which no state that `is_good` can be reached any more."""
        into: dict[State, list[State]] = {state: [] for state in self.edges}
        for state, steps in self.edges.items():
            for _, after in steps:
                into[after].append(state)
        fine = {state for state in self.edges if is_good(state)}
        waiting = list(fine)
        while waiting:
            for before in into[waiting.pop()]:
                if before not in fine:
                    fine.add(before)
                    waiting.append(before)
        return (state for state in self.edges if state not in fine)


def explore(
    start: State,
    steps: Callable[[State], Iterable[tuple[Step, State]]],
    alike: Callable[[State], State] = lambda state: state,
) -> Graph[State]:
    """Follow all steps from `start`; `alike` gives one state for all that differ in names only."""
    first = alike(start)
    graph: Graph[State] = Graph({}, {first: None})
    waiting = deque([first])
    while waiting:
        state = waiting.popleft()
        graph.edges[state] = [(step, alike(after)) for step, after in steps(state)]
        for step, after in graph.edges[state]:
            if after not in graph.came:
                graph.came[after] = (state, step)
                waiting.append(after)
    return graph
