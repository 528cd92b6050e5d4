"""Hypothesis strategies, and the values worth trying, made from the controls themselves."""

from hypothesis import strategies as st

from lab.core.controls import Choice, Count, Hidden, Layers, Seed, Several, Slider, Switch

SMALL = {"epochs": 3, "networks": 3, "batches": 5}
SMALL |= {"steps": 60}
SMALL |= {"noise_epochs": 2, "noise_networks": 2, "square_epochs": 5, "square_networks": 2}
SMALL |= {"noise_rows": 400, "noise_neurons": 128, "square_points": 100, "tumour_neurons": 64}
SMALL |= {"softmax_epochs": 2, "softmax_networks": 2, "tumour_epochs": 3, "tumour_networks": 2}
SMALL |= {"convolution_epochs": 1, "convolution_images": 200, "convolution_filters": 8}
SMALL |= {"convolution_neurons": 128, "dense_first": 128, "dense_second": 64}
SMALL |= {"dense_epochs": 2, "dense_networks": 2, "dense_images": 500}
SMALL |= {"batch_epochs": 2, "batch_networks": 2, "sweep_steps": 100}
SMALL |= {"net_steps": 12, "net_grid": 13}
SMALL |= {"train_images": 300, "channels1": 6, "channels2": 6, "channels3": 6, "dense": 20}
SMALL |= {"text_steps": 12, "text_hidden": 16, "text_batch": 4, "text_length": 20}
SMALL |= {"language_epochs": 1, "language_hidden": 12, "language_batch": 500}
SMALL |= {"series_epochs": 1, "series_networks": 2, "series_hidden": 16, "series_length": 24}
SMALL |= {"cost_hidden": 30, "cost_inputs": 10, "cost_batch": 30, "cost_length": 20, "cost_rounds": 2}
SMALL |= {"memory_clip_updates": 20, "memory_clip_networks": 2, "memory_clip_length": 20}
SMALL |= {"memory_delay_updates": 10, "memory_delay_networks": 2, "memory_delay_longest": 10}
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
            return st.sampled_from(
                [option for option in options if not option.startswith(("csv", "upload", "own"))]
            )
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
