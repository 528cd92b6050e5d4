"""Hypothesis strategies, and the values worth trying, made from the controls themselves."""

from hypothesis import strategies as st

from lab.core.controls import Choice, Count, Hidden, Layers, Seed, Several, Slider, Switch

SMALL = {"epochs": 3, "networks": 3, "batches": 5}
"""Budgets: the largest value tried by a property test."""


def values_of(name, control):
    """Return a strategy of all allowed values, within the budgets."""
    match control:
        case Hidden():
            return st.just("")
        case Slider(low=low, high=high, zero=zero):
            return (st.just(0.0) if zero else st.nothing()) | st.floats(low, high)
        case Count(low=low, high=high, zero=zero):
            high = SMALL.get(name, high)
            return (st.just(0) if zero else st.nothing()) | st.integers(min(low, high), high)
        case Choice(options=options):
            return st.sampled_from([option for option in options if option != "csv"])
        case Several(options=options):
            return st.sets(st.sampled_from(list(options)), min_size=1).map(tuple)
        case Switch():
            return st.booleans()
        case Layers(most_layers=layers, most_neurons=neurons):
            return st.lists(st.integers(1, neurons), max_size=layers).map(tuple)
        case _:
            raise TypeError(control)


def extremes_of(control):
    """Return the lowest and highest value, or every choice."""
    match control:
        case Hidden():
            return []
        case Seed():
            return [control.low, control.high]
        case Slider() | Count():
            return [control.stops()[0], control.stops()[-1]]
        case Choice(options=options):
            return list(options)
        case Several(options=options):
            return [(option,) for option in options] + [tuple(options)]
        case Switch():
            return [True, False]
        case Layers(most_layers=layers, most_neurons=neurons):
            return [(), (1,), (neurons,) * layers]
        case _:
            raise TypeError(control)
