"""Where boxes and ways stand: whatever the flow, nothing overlaps and nothing runs through a box."""

from __future__ import annotations

import time
from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.pictures.layout import Box, Layout, Link, Place, laid_out

SIZES = st.integers(20, 300).map(float)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Box], list[Link]]:
    """Boxes and at most one link from each to each other, circles too."""
    count = draw(st.integers(1, 9))
    boxes = [Box(f"b{n}", draw(SIZES), draw(SIZES)) for n in range(count)]
    ends = [(a.id, b.id) for a in boxes for b in boxes if a is not b]
    chosen = draw(st.lists(st.sampled_from(ends), unique=True, max_size=14)) if ends else []
    words = st.sampled_from([(0.0, 0.0), (60.0, 20.0), (150.0, 50.0)])
    return boxes, [Link(*pair, *draw(words)) for pair in chosen]


def apart(one: Place, other: Place) -> bool:
    """Whether two places have no point in common."""
    beside = abs(one.x - other.x) >= (one.width + other.width) / 2 - 1e-6
    return beside or one.y >= other.y + other.height or other.y >= one.y + one.height


def things(layout: Layout) -> list[Place]:
    return [*layout.boxes.values(), *(path.words for path in layout.paths if path.words.width)]


@given(graphs())
def test_nothing_overlaps_and_all_is_on_the_sheet(graph: tuple[list[Box], list[Link]]) -> None:
    layout = laid_out(*graph)
    assert all(apart(one, other) for one, other in combinations(things(layout), 2))
    assert all(place.x - place.width / 2 + 1e-6 >= 0 for place in things(layout))
    assert all(place.x + place.width / 2 <= layout.width + 1e-6 for place in things(layout))
    assert all(place.y + place.height <= layout.height + 1e-6 for place in things(layout))


@given(graphs())
def test_ways_lead_from_box_to_box_and_bend_only_between_rows(graph: tuple[list[Box], list[Link]]) -> None:
    boxes, links = graph
    layout = laid_out(boxes, links)
    for link, path in zip(links, layout.paths, strict=True):
        upper, lower = (link.to, link.origin) if path.up else (link.origin, link.to)
        (x, y), (to_x, to_y) = path.bends[0].start, path.bends[-1].end
        top, bottom = layout.boxes[upper], layout.boxes[lower]
        assert y == top.y + top.height
        assert to_y == bottom.y
        assert abs(x - top.x) <= top.width / 2
        assert abs(to_x - bottom.x) <= bottom.width / 2
        assert all(one.end == other.start for one, other in pairwise(path.bends))
        for bend in path.bends:
            between = Place(bend.start[0], bend.start[1], 0, bend.end[1] - bend.start[1])
            others = [place for place in things(layout) if place != path.words]
            if bend.start[0] == bend.end[0]:
                assert all(apart(between, place) for place in others)
            else:
                assert all(
                    place.y >= bend.end[1] or place.y + place.height <= bend.start[1] for place in things(layout)
                )


@given(graphs())
def test_the_same_flow_is_drawn_the_same(graph: tuple[list[Box], list[Link]]) -> None:
    assert laid_out(*graph) == laid_out(*graph)


def test_the_backbone_is_straight_and_a_way_around_runs_straight_beside_it() -> None:
    boxes = [Box(name, 100, 40) for name in "abcd"]
    links = [Link(one, other, straight=True) for one, other in pairwise("abcd")]
    layout = laid_out(boxes, [*links, Link("a", "d", 80, 20)])
    assert len({round(place.x, 3) for place in layout.boxes.values()}) == 1
    around = layout.paths[-1]
    assert len({bend.start[0] for bend in around.bends[2:]}) == 1
    assert apart(around.words, layout.boxes["b"])


def test_a_way_back_is_walked_upwards() -> None:
    boxes = [Box(name, 100, 40) for name in "ab"]
    there, back = laid_out(boxes, [Link("a", "b"), Link("b", "a")]).paths
    assert (there.up, back.up) == (False, True)


def test_a_flow_of_a_thousand_states_is_laid_out_in_seconds() -> None:
    boxes = [Box(f"s{n}", 300, 60) for n in range(1000)]
    links = [Link(f"s{n}", f"s{to}", 80, 20) for n in range(1000) for to in {n + 1, n + 3} if to < 1000]
    begun = time.perf_counter()
    layout = laid_out(boxes, links)
    assert time.perf_counter() - begun < 60
    assert len(layout.boxes) == 1000
