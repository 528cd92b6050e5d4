"""The stage's visible words, marked for translation; the browser has the English ones already."""

from lab.core.labels import _
from lab.ui.words import words

STAGE_WORDS = {
    "play": _("Play"),
    "pause": _("Pause"),
    "timeline": _("Moment of the training"),
    "epoch": _("epoch {epoch} of {last}"),
    "path": _("Step of the paths"),
    "step": _("step {epoch} of {last}"),
    "progress": _("Training"),
    "lost": _("The connection to the lab was lost; the page will catch up when it is back."),
    "table": _("Table"),
    "table_cut": _("The first {shown} of {all} rows."),
    "network": _("Network"),
    "which_network": _("network {shown} of {networks}"),
    "legend": _("Lines are weights: solid blue positive, dashed orange negative; the wider, the larger."),
    "inputs": _("Inputs"),
    "output": _("Output"),
    "neurons": _("{count} neurons"),
    "one_neuron": _("1 neuron"),
    "hidden_layers": _("Hidden layers"),
    "add_layer": _("Add a hidden layer"),
    "remove_layer": _("Remove the last hidden layer"),
    "add_neuron": _("Add a neuron to layer {layer}"),
    "remove_neuron": _("Remove a neuron from layer {layer}"),
    "neuron": _("neuron {neuron} of layer {layer}"),
    "one_output": _("output"),
    "some_output": _("output {name}"),
    "input_neuron": _("input {name}"),
    "bias": _("bias"),
    "weight": _("w ({from} → {to}) = {value}"),
    "by_hand": _("set by hand"),
    "more_weights": _("and {count} more"),
    "reset": _("Reset weights"),
    "select_input": _("Inputs have no weights: this one is computed from the position on the plane."),
    "scaled": _("where x1 = {first} and x2 = {second}"),
    "map": _("Output"),
    "map_alt": _(
        "The network's output for {first} from {low} to {high} and {second} from {bottom} to {top}."
    ),
    "train": _("training"),
    "test": _("test"),
    "target": _("target"),
}


def translated(language: str = "en") -> dict[str, str]:
    """Return the words that differ from English, by the keys of `assets/words.js`."""
    said = {key: words(text, language) for key, text in STAGE_WORDS.items()}
    return {key: text for key, text in said.items() if text != STAGE_WORDS[key]}
