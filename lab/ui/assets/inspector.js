// The selected neuron: its equation, and its weights as numbers that can be set by hand.

import { element, refill, write } from "./elements.js";
import { filled, formula, neuronName, numeral } from "./words.js";

const TERMS = 6;
const FUNCTIONS = { linear: "z", relu: "relu(z)", leaky_relu: "leaky relu(z)", gelu: "gelu(z)" };

/** Equation and number inputs of one neuron. */
export class Inspector {
  /**
   * @param {Object<string, string>} words
   * @param {{edit: function(object, boolean): void, reset: function(): void}} listeners `edit` is called with
   *   the weight, and true once the learner has settled on the value
   */
  constructor(words, { edit, reset }) {
    this.words = words;
    this.edit = edit;
    this.title = element("div", { class: "stage-neuron-name" });
    this.reset = element("button", { type: "button", class: "stage-button", onclick: reset }, words.reset);
    this.equation = element("div", { class: "stage-equation" });
    this.fields = element("div", { class: "stage-fields" });
    const head = element("div", { class: "stage-head" }, this.title, this.reset);
    const inner = [head, this.equation, this.fields];
    this.element = element("div", { class: "stage-inspector", role: "group" }, ...inner);
  }

  /**
   * Show the selected neuron.
   * @param {object} view network, sizes, layers, selected, edited, frozen
   */
  update(view) {
    const [column, index] = view.selected;
    const name = neuronName(view, column, index);
    const title = column ? name : filled(this.words.input_neuron, { name });
    write(this.title, title);
    this.element.setAttribute("aria-label", title);
    this.reset.hidden = view.edited.size === 0 || !view.network.editable;
    const signature = JSON.stringify([view.selected, view.sizes, view.network.inputs]);
    if (signature !== this.signature) refill(this.fields, () => this.build(view));
    this.signature = signature;
    write(this.equation, column ? equation(view) : inputText(view));
    if (column) this.fill(view);
  }

  build(view) {
    const [column, index] = view.selected;
    const layer = column - 1;
    const sources = column ? [...Array(view.sizes[layer]).keys(), -1] : []; // -1 is the bias
    this.inputs = sources.map((from) => this.field(view, layer, from, index));
    this.fields.replaceChildren(...this.inputs.map(({ label }) => label));
  }

  field(view, layer, from, to) {
    const input = element("input", { type: "number", step: 0.1, "data-key": `${layer},${from},${to}` });
    const send = (settled) => {
      if (input.value === "" || input.readOnly) return;
      this.edit({ layer, from, to, value: Number(input.value) }, settled);
    };
    input.addEventListener("input", () => send(false));
    input.addEventListener("change", () => send(true));
    const name = from < 0 ? this.words.bias : neuronName(view, layer, from);
    const text = from >= 0 && layer === 0 ? formula(name) : name;
    return { input, from, label: element("label", {}, element("span", {}, text), input) };
  }

  fill({ layers, selected: [column, index], edited, frozen, network }) {
    const { weights, biases, outputs } = layers[column - 1];
    for (const { input, from } of this.inputs) {
      const value = from < 0 ? biases[index] : weights[from * outputs + index];
      const text = Number.isFinite(value) ? String(Number(value.toFixed(4))) : "";
      if (document.activeElement !== input || Number(input.value) !== Number(text)) input.value = text;
      input.readOnly = frozen || !network.editable;
      input.classList.toggle("stage-edited", edited.has(`${column - 1},${from},${index}`));
    }
  }
}

function inputText({ network, selected: [, index], words }) {
  const scaled = network.axes.some(({ center = 0, scale = 1 }) => center !== 0 || scale !== 1);
  const text = `${formula(network.inputs[index])}. ${words.select_input}`;
  if (!scaled) return text;
  const places = network.axes.map(({ name, center = 0, scale = 1 }) => `(${name} − ${center}) / ${scale}`);
  const [first, second] = places;
  return `${text} ${formula(filled(words.scaled, { first, second }))}`;
}

// z = sum of w a + b, a = f(z)
function equation({ network, layers, selected: [column, index] }) {
  const { weights, biases, inputs, outputs } = layers[column - 1];
  const source = (from) => (column === 1 ? formula(network.inputs[from]) : `a${subscript(from + 1)}`);
  const shown = [...Array(Math.min(inputs, TERMS)).keys()];
  const terms = shown.map((from) => signed([weights[from * outputs + index], `·${source(from)}`], from));
  const sum = terms.join("") + (inputs > TERMS ? " + …" : "") + signed([biases[index], ""], 1);
  const name = column === layers.length ? network.output : network.activation;
  return `z = ${sum},   a = ${FUNCTIONS[name] ?? `${name}(z)`}`;
}

function signed([value, factor], place) {
  const size = numeral(Math.abs(value), 2);
  if (place === 0) return `${value < 0 ? "−" : ""}${size}${factor}`;
  return ` ${value < 0 ? "−" : "+"} ${size}${factor}`;
}

function subscript(number) {
  return String(number).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);
}
