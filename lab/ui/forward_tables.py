"""The tables of the forward pass: a layer as a matrix product, batches, costs, saturation."""

import streamlit as st

from lab.topics.forward_pass.equations import matrix_equation
from lab.topics.forward_pass.many import batch_table, cost_table, saturation_table
from lab.topics.forward_pass.settings import Display, Many, Settings
from lab.topics.forward_pass.walk import Walk
from lab.ui.page import controls
from lab.ui.tables import table
from lab.ui.words import words


def tables(settings: Settings, shown: Display, walk: Walk | None) -> None:
    """Draw the tables below the walk, as soon as there is one."""
    names = ("One layer as a product", "Many examples at once", "Shapes and costs", "Saturation")
    product, batch, costs, saturation = st.tabs([words(name) for name in names])
    with batch:
        many = controls(Many, "many")
    if walk is None:
        return
    layer = max(walk.step.layer, 1)
    with product:
        st.markdown(
            words("All neurons of layer {layer} at once; the bold row is this one.").format(layer=layer)
        )
        st.latex(matrix_equation(walk, layer))
    with batch:
        _batch(settings, shown.changed(batch=many.batch), walk, layer)
    with costs:
        _costs(walk, many.batch)
    with saturation:
        _saturation(settings, walk)


def _costs(walk: Walk, batch: int) -> None:
    text = words(
        "A product with B rows takes B · n_out · n_in multiplications; the table counts them for B = {batch}."
    )
    st.markdown(text.format(batch=batch))
    title = words("Shapes, parameters and multiplications of each layer")
    table(title, cost_table(walk.layers, batch), "costs.csv")


def _saturation(settings: Settings, walk: Walk) -> None:
    st.markdown(
        words(
            "A neuron is saturated on an example where the slope of its f at z is below 5 % of the steepest: "
            "hardly any gradient passes it there. For ReLU that is where z is not above 0."
        )
    )
    table(words("Each layer over the data set"), saturation_table(settings, walk.layers), "saturation.csv")


def _batch(settings: Settings, shown: Display, walk: Walk, layer: int) -> None:
    """Draw a layer for B examples at once."""
    neurons, sources = walk.layers[layer - 1].weights.shape
    before = "X" if layer == 1 else f"A^{{({layer - 1})}}"
    b = shown.batch
    st.latex(
        rf"\underbrace{{Z^{{({layer})}}}}_{{{b}\times {neurons}}} = "
        rf"\underbrace{{{before}}}_{{{b}\times {sources}}}\, "
        rf"\underbrace{{W^{{({layer})\top}}}}_{{{sources}\times {neurons}}} + "
        rf"\underbrace{{\mathbf 1\, \mathbf b^{{({layer})\top}}}}_{{{b}\times {neurons}}}"
    )
    st.markdown(words("One row per example; the first is the one you are walking with."))
    scores, outputs = batch_table(settings, shown, walk, layer)
    left, right = st.columns(2)
    with left:
        table(words("Z, the weighted sums of this layer"), scores, "z.csv")
    with right:
        table(words("A = f(Z), its activations"), outputs, "a.csv")
