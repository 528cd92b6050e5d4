"""Places for the nodes of a graph that flows from left to right: layers, few crossings, short edges."""

from collections.abc import Sequence
from itertools import pairwise

SWEEPS = 12
Place = tuple[int, float]
Places = dict[int, Place]
Between = dict[tuple[int, int], list[Place]]


def layered(
    inputs: Sequence[Sequence[int]],
) -> tuple[Places, Between]:
    """Return a place for each node, and for each edge the places it passes through on its way.

    Args:
        inputs: for each node, the nodes it is computed from, all of them before it.

    Returns:
        Places as (layer, height), both in units of one box; and by (from, to) the points between.

    Source: Sugiyama, Tagawa, Toda (1981), Methods for visual understanding of hierarchical system structures.

    Example:
        >>> layered([(), (), (0, 1)])[0]
        {0: (0, -0.5), 1: (0, 0.5), 2: (1, 0.0)}
    """
    layer = _layers(inputs)
    chains = _chains(inputs, layer)
    layer |= {node: layer[chain[0]] + step for chain in chains for step, node in enumerate(chain) if step}
    before: dict[int, list[int]] = {node: [] for node in layer}
    after: dict[int, list[int]] = {node: [] for node in layer}
    for chain in chains:
        for one, other in pairwise(chain):
            after[one].append(other)
            before[other].append(one)
    rows = [[node for node in layer if layer[node] == number] for number in range(max(layer.values()) + 1)]
    heights = _heights(rows, before, after)
    places = {node: (layer[node], heights[node]) for node in layer}
    between = {(chain[0], chain[-1]): [places[node] for node in chain[1:-1]] for chain in chains}
    return {node: places[node] for node in range(len(inputs))}, between


def _layers(inputs: Sequence[Sequence[int]]) -> dict[int, int]:
    """Return each node's layer: after all its inputs; what has no inputs stands right before its use."""
    layer: dict[int, int] = {}
    for node, sources in enumerate(inputs):
        layer[node] = 1 + max((layer[source] for source in sources), default=-1)
    for node, sources in enumerate(inputs):
        uses = [layer[later] for later, those in enumerate(inputs) if node in those]
        if not sources and uses:
            layer[node] = min(uses) - 1
    return layer


def _chains(inputs: Sequence[Sequence[int]], layer: dict[int, int]) -> list[list[int]]:
    """Return each edge as a chain of nodes, one in every layer; those between are new numbers."""
    fresh = len(inputs)
    chains = []
    for node, sources in enumerate(inputs):
        for source in dict.fromkeys(sources):
            length = layer[node] - layer[source] - 1
            chains.append([source, *range(fresh, fresh + length), node])
            fresh += length
    return chains


def _heights(
    rows: list[list[int]], before: dict[int, list[int]], after: dict[int, list[int]]
) -> dict[int, float]:
    """Return heights at which neighbours are near each other and no two nodes of a layer overlap."""
    heights = {node: place - (len(row) - 1) / 2 for row in rows for place, node in enumerate(row)}
    for sweep in range(2 * SWEEPS):
        forth = sweep % 2 == 0
        for row in rows if forth else reversed(rows):
            near = before if forth else after
            wish = {node: _mean([heights[one] for one in near[node]], heights[node]) for node in row}
            if sweep < SWEEPS:
                row.sort(key=wish.__getitem__)
            heights |= _apart(row, wish)
    return heights


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _apart(row: list[int], wish: dict[int, float]) -> dict[int, float]:
    """Return the heights closest to the wishes, in order and at least 1 apart: pooled means."""
    blocks: list[tuple[float, int]] = []  # mean of (wish - rank), how many
    for rank, node in enumerate(row):
        mean, count = wish[node] - rank, 1
        while blocks and blocks[-1][0] > mean:
            other, more = blocks.pop()
            mean, count = (mean * count + other * more) / (count + more), count + more
        blocks.append((mean, count))
    flat = [mean for mean, count in blocks for _again in range(count)]
    return {node: flat[rank] + rank for rank, node in enumerate(row)}
