"""The second and third part of the page on backpropagation: a whole network, and deep networks."""

import pandas as pd
import streamlit as st

from lab.topics.backpropagation import network_equations as equations
from lab.topics.backpropagation.depth import DEPTH
from lab.topics.backpropagation.depth_settings import DepthDisplay
from lab.topics.backpropagation.depth_stage import Record
from lab.topics.backpropagation.network import NETWORK
from lab.topics.backpropagation.network_result import Look
from lab.topics.backpropagation.network_settings import NetworkSettings
from lab.topics.backpropagation.network_stage import weight_name
from lab.ui.page import change, controls, run, stop_button, views
from lab.ui.words import prose, words

NETWORK_CONTROLS, NETWORK_SHOWN = "backpropagation-network", "backpropagation-network-shown"
DEPTH_CONTROLS, DEPTH_SHOWN = "backpropagation-depth", "backpropagation-depth-shown"


def network_section() -> None:
    """Draw the whole network: one weight's equations, all gradients, and what an update does."""
    above, below = prose("backpropagation_network")
    st.markdown(above)
    with st.sidebar:
        settings = controls(NetworkSettings, NETWORK_CONTROLS)
    asked = run(NETWORK, settings)
    found: Look | None = asked.result
    if found is not None:
        _other_weights(found)
        with st.container(key="network-equations"):
            _equations(found)
    st.subheader(words("All gradients, and how far they can be trusted"), anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        display = controls(NETWORK.display, NETWORK_SHOWN)
    views(NETWORK, asked, display)
    if found is not None:
        _network_tables(found)
    st.markdown(below)


def _other_weights(found: Look) -> None:
    """Draw the buttons that follow another weight."""
    place, largest = found.place, found.largest()
    layer, last = place.layer, len(found.layers) - 1
    moves = (
        (words("Layer before"), ":material/chevron_left:", layer > 0, place._replace(layer=layer - 1)),
        (words("Layer after"), ":material/chevron_right:", layer < last, place._replace(layer=layer + 1)),
        (words("Largest gradient"), ":material/north_east:", place != largest, largest),
    )
    st.subheader(
        words("One weight, from delta to update: {weight}").format(weight=weight_name(found)), anchor=False
    )
    with st.container(horizontal=True):
        for label, icon, possible, to in moves:
            st.button(
                label,
                icon=icon,
                key=f"follow:{icon}",
                help=words("Follow a weight there; its equations and its frame in the maps go along."),
                disabled=not possible,
                on_click=change,
                args=(NETWORK_CONTROLS, NetworkSettings),
                kwargs={"net_layer": to.layer + 1, "net_to": to.to + 1, "net_from": to.source + 1},
            )


def _equations(found: Look) -> None:
    """Draw the backward pass of the followed weight with its numbers, then of all layers with shapes."""
    told = words("**Example {number}** ({label}, loss {loss:.4g} nats): delta, then delta × activation.")
    label = found.classes[found.label]
    st.markdown(told.format(number=found.example, label=label, loss=found.example_loss))
    st.latex(equations.delta(found))
    st.latex(equations.example_gradient(found))
    first, second = st.columns(2)
    with first:
        st.markdown(words("**All examples**: the mean of their gradients."))
        st.latex(equations.mean_gradient(found))
        st.markdown(words("**The update** of this weight."))
        st.latex(equations.update(found))
    with second:
        st.markdown(words("What this update alone should do to the loss, and what it does."))
        st.latex(equations.predicted_change_alone(found))
        st.markdown(words("The same for **all weights** updated together."))
        st.latex(equations.predicted_change(found))
    with st.expander(words("The backward pass of the whole network, with shapes"), icon=":material/undo:"):
        for line in equations.shapes(found):
            st.latex(line)


def _network_tables(found: Look) -> None:
    """Draw the check against autograd, and every weight's gradient and update."""
    st.subheader(words("By hand and by autograd"), anchor=False)
    frame = found.check()
    shown = frame.copy()
    for column in frame.columns[2:6]:
        shown[column] = [f"{value:.3g}" for value in frame[column]]
    shown["equal"] = [
        f":green[**{words(said)}**]" if said.startswith("✓") else f":orange[{words(said)}]"
        for said in frame["equal"]
    ]
    st.table(shown)
    st.caption(
        words(
            "Errors are the largest difference over the largest gradient of the layer; green only below "
            "0.000001."
        )
    )
    with st.expander(words("Gradient and update of every weight"), icon=":material/table:"):
        _table(found.table(), "network_gradients.csv")


def depth_section() -> None:
    """Draw the deep networks: what reaches each layer, and what they learn."""
    above, below = prose("backpropagation_depth")
    st.markdown(above)
    with st.sidebar:
        settings = controls(DEPTH.settings, DEPTH_CONTROLS)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        display = controls(DepthDisplay, DEPTH_SHOWN)
    asked = run(DEPTH, settings)
    stop_button(DEPTH, asked)
    views(DEPTH, asked, display)
    record: Record | None = asked.result
    if record is not None:
        _depth_tables(record, display)
    st.markdown(below)


def _depth_tables(record: Record, display: DepthDisplay) -> None:
    moment = record.moment(display.moment)
    st.subheader(
        words("First and last layer after epoch {epoch:g}").format(epoch=record.epochs[moment]), anchor=False
    )
    _table(record.table(moment), "depth_networks.csv")
    with st.expander(words("Every layer at every epoch"), icon=":material/table:"):
        _table(record.layer_table(), "depth_layers.csv")


def _table(frame: pd.DataFrame, file_name: str) -> None:
    """Draw a table whose numbers differ by powers of ten, and a button that saves all of it as CSV."""
    powers = [name for name in frame.columns if frame[name].dtype.kind == "f" and name != "epoch"]
    st.dataframe(
        frame,
        hide_index=True,
        height="content" if len(frame) <= 12 else 420,
        column_config={name: st.column_config.NumberColumn(format="%.3e") for name in powers},
    )
    st.download_button(
        words("Save {name}").format(name=file_name),
        lambda: frame.to_csv(index=False).encode(),
        file_name,
        "text/csv",
        key=f"save:{file_name}",
        on_click="ignore",
        icon=":material/download:",
    )
