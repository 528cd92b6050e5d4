// Heads of the drawing's columns, with buttons for more or fewer layers and neurons.

import { element, refill, write } from "./elements.js";
import { filled } from "./words.js";

const NEW_LAYER = 2; // neurons of an added layer, as in TensorFlow Playground

/** Column heads and the count of hidden layers. */
export class ColumnHeads {
  /**
   * @param {Object<string, string>} words
   * @param {function(number[]): void} shape called with the wished hidden layers
   */
  constructor(words, shape) {
    this.words = words;
    this.shape = shape;
    this.element = element("div", { class: "stage-column-heads" });
    this.count = element("b");
    this.fewer = this.button("−", "layers-", words.remove_layer, () => this.wish(this.hidden.slice(0, -1)));
    this.more = this.button("+", "layers+", words.add_layer, () => this.wish([...this.hidden, NEW_LAYER]));
    const buttons = [this.fewer, this.count, this.more];
    this.layers = element("div", { class: "stage-layers" }, `${words.hidden_layers} `, ...buttons);
  }

  button(sign, key, label, act) {
    const names = { "data-key": key, "aria-label": label, title: label };
    const look = { type: "button", class: "stage-button stage-step" };
    return element("button", { ...look, ...names, onclick: act }, sign);
  }

  // Quick clicks add up: each starts from what was wished last, not from what the server has answered.
  wish(hidden) {
    this.hidden = hidden;
    this.draw();
    this.shape(hidden);
  }

  changed(column, change) {
    return this.hidden.map((count, k) => (k === column ? count + change : count));
  }

  /**
   * Show a network's columns. What the learner has wished stands until the next run or shape.
   * @param {object} network
   * @param {string} run
   */
  update(network, run) {
    const key = JSON.stringify([network.inputs.length, network.hidden, network.outputs, network.editable]);
    if (run === this.run && key === this.key) return;
    this.run = run;
    this.network = network;
    this.hidden = [...network.hidden];
    if (key !== this.key) refill(this.element, () => this.build());
    this.key = key;
    this.draw();
  }

  build() {
    const { words } = this;
    this.columns = this.network.hidden.map((_, column) => {
      const layer = column + 1;
      const change = (count) => () => this.wish(this.changed(column, count));
      const fewer = this.button("−", `${layer}-`, filled(words.remove_neuron, { layer }), change(-1));
      const more = this.button("+", `${layer}+`, filled(words.add_neuron, { layer }), change(1));
      const text = element("span");
      const head = element("div", {}, text, element("div", { class: "stage-steps" }, fewer, more));
      return { fewer, more, text, head };
    });
    const named = (word) => element("div", {}, element("span", {}, word));
    const heads = this.columns.map((column) => column.head);
    this.element.replaceChildren(named(words.inputs), ...heads, named(words.output));
    this.element.classList.toggle("stage-fixed", !this.network.editable);
    this.layers.hidden = !this.network.editable;
  }

  draw() {
    const { max_layers: layers = 6, max_neurons: neurons = 16 } = this.network;
    write(this.count, String(this.hidden.length));
    this.fewer.disabled = this.hidden.length === 0;
    this.more.disabled = this.hidden.length >= layers;
    this.columns.forEach(({ fewer, more, text }, k) => {
      const count = this.hidden[k] ?? this.network.hidden[k];
      const long = count === 1 ? this.words.one_neuron : filled(this.words.neurons, { count });
      write(text, this.wide ? long : String(count));
      fewer.disabled = count <= 1;
      more.disabled = count >= neurons;
    });
  }

  /**
   * Put the heads above their columns.
   * @param {object} plan of `placed`
   */
  place({ columns, pitch }) {
    this.wide = pitch >= 84;
    [...this.element.children].forEach((head, k) => {
      head.style.left = `${columns[k]}px`;
    });
    this.draw();
  }
}
