// The drawing of a network: thumbnails of every neuron's output, and a line per weight.

import { element, refill, vector, write } from "./elements.js";
import { activations, plane } from "./forward.js";
import { curve, nearestEdge, placed } from "./geometry.js";
import { ColumnHeads } from "./column_heads.js";
import { paintThumbnails, THUMBNAIL } from "./thumbnails.js";
import { edgeText, neuronText } from "./tooltips.js";
import { filled, formula, neuronName, numeral } from "./words.js";

let drawings = 0;

/** The drawing; it is rebuilt only when the number of neurons changes. */
export class Network {
  /**
   * @param {Object<string, string>} words
   * @param {{select: function(number[]): void, shape: function(number[]): void}} listeners
   */
  constructor(words, { select, shape }) {
    this.words = words;
    this.select = select;
    this.heads = new ColumnHeads(words, shape);
    this.caption = element("span", { class: "stage-caption" });
    const title = element("div", { class: "stage-title", role: "heading", "aria-level": 3 }, words.network);
    const head = element("div", { class: "stage-head" }, title, this.caption, this.heads.layers);
    this.svg = vector("svg", { "aria-hidden": "true" });
    this.neurons = element("div", { class: "stage-neurons", role: "group", "aria-label": words.network });
    const id = `stage-tip-${drawings++}`;
    this.tip = element("div", { class: "stage-tip", role: "tooltip", id, hidden: "" });
    const inner = [this.svg, this.heads.element, this.neurons, this.tip];
    this.drawing = element("div", { class: "stage-drawing" }, ...inner);
    this.scroller = element("div", { class: "stage-scroller" }, this.drawing);
    const legend = element("div", { class: "stage-legend" }, words.legend);
    this.element = element("div", { class: "stage-network" }, head, this.scroller, legend);
    this.listen();
    this.observer = new ResizeObserver(() => this.view && this.place());
    this.observer.observe(this.scroller);
  }

  listen() {
    this.svg.addEventListener("pointermove", (event) => this.point(event));
    this.svg.addEventListener("pointerdown", (event) => this.point(event));
    this.drawing.addEventListener("pointerleave", () => this.hush());
    this.neurons.addEventListener("click", (event) => this.choose(event.target));
    this.neurons.addEventListener("pointerover", (event) => this.tell(event.target));
    this.neurons.addEventListener("focusin", (event) => this.tell(event.target));
    this.neurons.addEventListener("focusout", () => this.hush());
    this.neurons.addEventListener("keydown", (event) => this.walk(event));
  }

  /**
   * Show a network at a moment.
   * @param {object} view network, sizes, layers, edited, selected, theme, words
   */
  update(view) {
    this.view = view;
    const signature = JSON.stringify([view.network.inputs, view.sizes, view.network.classes]);
    if (signature !== this.signature) {
      this.signature = signature;
      refill(this.neurons, () => this.build());
      this.plan = null;
    }
    this.heads.update(view.network, view.run);
    const { shown, networks } = view.network;
    write(this.caption, networks > 1 ? filled(this.words.which_network, { shown: shown + 1, networks }) : "");
    if (!this.plan) this.place();
    this.paint();
  }

  build() {
    const { network, sizes } = this.view;
    this.edges = sizes.slice(1).map((outputs, layer) =>
      Array.from({ length: sizes[layer] * outputs }, () => vector("path", { class: "stage-edge" })),
    );
    this.marks = vector("g", { class: "stage-marks" });
    this.svg.replaceChildren(...this.edges.flat(), this.marks);
    this.buttons = sizes.map((count, column) => [...Array(count).keys()].map((k) => this.neuron(column, k)));
    this.neurons.replaceChildren(...this.buttons.flat());
    this.named = network.outputs > 1;
  }

  neuron(column, index) {
    const { network, sizes } = this.view;
    const canvas = element("canvas", { width: THUMBNAIL, height: THUMBNAIL });
    const last = column === sizes.length - 1;
    let name = "";
    if (column === 0) name = formula(network.inputs[index]);
    else if (last && network.outputs > 1) name = network.classes?.[index] ?? "";
    const label = element("span", { class: last ? "stage-name stage-name-after" : "stage-name" }, name);
    const bias = element("i", { class: "stage-bias" });
    const key = `${column},${index}`;
    const access = { "data-key": key, tabindex: -1, "aria-describedby": this.tip.id };
    const inner = [canvas, ...(column ? [bias] : []), ...(name ? [label] : [])];
    return element("button", { type: "button", class: "stage-neuron", ...access }, ...inner);
  }

  place() {
    const width = this.scroller.clientWidth;
    if (!width || !this.buttons) return;
    const key = `${width} ${this.signature}`;
    if (this.plan?.key === key) return;
    this.plan = { ...placed(this.view.sizes, width, this.named), key };
    const { size, nodes, height } = this.plan;
    this.drawing.style.cssText = `width:${this.plan.width}px;height:${height}px;--size:${size}px`;
    this.svg.setAttribute("viewBox", `0 0 ${this.plan.width} ${height}`);
    this.buttons.forEach((column, c) =>
      column.forEach((button, k) => {
        button.style.left = `${nodes[c][k].x - size / 2}px`;
        button.style.top = `${nodes[c][k].y - size / 2}px`;
      }),
    );
    this.eachEdge((path, layer, from, to) => path.setAttribute("d", curve(this.plan, layer, from, to)));
    this.heads.place(this.plan);
    this.paintEdges();
  }

  eachEdge(act) {
    this.edges.forEach((paths, layer) => {
      const outputs = this.view.sizes[layer + 1];
      paths.forEach((path, k) => act(path, layer, Math.floor(k / outputs), k % outputs, k));
    });
  }

  paint() {
    this.paintEdges();
    const { network, layers, theme, selected } = this.view;
    this.paintBiases();
    const { features } = plane(network, THUMBNAIL);
    paintThumbnails(this.buttons, activations(network, layers, features), network, theme);
    const walk = this.buttons[selected[0]][selected[1]];
    for (const button of this.buttons.flat()) {
      button.setAttribute("aria-pressed", button === walk);
      button.tabIndex = button === walk ? 0 : -1;
    }
    this.retell();
  }

  paintEdges() {
    if (!this.plan) return;
    const { layers, edited } = this.view;
    const dense = Math.max(...this.edges.map((paths) => paths.length));
    const ink = Math.min(1, Math.max(0.45, (48 / dense) ** 0.4));
    const widest = Math.max(2.5, Math.min(8, this.plan.row * 0.28));
    this.marks.replaceChildren();
    this.eachEdge((path, layer, from, to, k) => {
      const weight = layers[layer].weights[k];
      const size = Number.isFinite(weight) ? Math.min(Math.abs(weight), 5) : 0;
      path.style.strokeWidth = (0.6 + (widest - 0.6) * (size / 5) ** 0.75).toFixed(2);
      path.style.strokeOpacity = (ink * (0.18 + 0.72 * Math.min(1, size / 1.5))).toFixed(2);
      path.classList.toggle("stage-negative", weight < 0);
      if (edited.has(`${layer},${from},${to}`)) this.mark(layer, from, to);
    });
  }

  mark(layer, from, to) {
    const [start, end] = [this.plan.nodes[layer][from], this.plan.nodes[layer + 1][to]];
    this.marks.append(vector("circle", { cx: (start.x + end.x) / 2, cy: (start.y + end.y) / 2, r: 4.5 }));
  }

  paintBiases() {
    const { layers, edited, words, theme } = this.view;
    this.buttons.forEach((column, c) =>
      column.forEach((button, k) => {
        const name = neuronName(this.view, c, k);
        const bias = c ? layers[c - 1].biases[k] : 0;
        const label = c ? `${name}, ${words.bias} ${numeral(bias)}` : filled(words.input_neuron, { name });
        button.setAttribute("aria-label", label);
        if (!c) return;
        const dot = button.querySelector(".stage-bias");
        dot.style.background = bias < 0 ? theme.negative : theme.positive;
        dot.style.opacity = 0.15 + 0.85 * Math.min(1, Math.abs(bias) || 0);
        dot.classList.toggle("stage-edited", edited.has(`${c - 1},-1,${k}`));
      }),
    );
  }

  point(event) {
    const box = this.svg.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const edge = nearestEdge(this.plan, x, y);
    this.near(null);
    this.light(edge);
    this.say(edge && (() => edgeText(this.view, ...edge)), x, y);
  }

  light(edge) {
    this.lit?.classList.remove("stage-lit");
    this.lit = edge && this.edges[edge[0]][edge[1] * this.view.sizes[edge[0] + 1] + edge[2]];
    this.lit?.classList.add("stage-lit");
  }

  // Weights of the neuron pointed at stand out, the others step back.
  near(place) {
    this.drawing.toggleAttribute("data-near", Boolean(place));
    if (!place) return;
    const [column, index] = place;
    this.eachEdge((path, layer, from, to) => {
      const own = (layer === column && from === index) || (layer === column - 1 && to === index);
      path.classList.toggle("stage-near", own);
    });
  }

  tell(target) {
    const place = placeOf(target);
    if (!place) return;
    const { x, y } = this.plan.nodes[place[0]][place[1]];
    this.light(null);
    this.near(place);
    this.say(() => neuronText(this.view, ...place), x + this.plan.size / 2, y + this.plan.size / 2);
  }

  say(text, x, y) {
    this.saying = text;
    this.retell();
    if (!text) return;
    const { clientWidth, scrollLeft } = this.scroller;
    const right = Math.min(x + 10, scrollLeft + clientWidth - this.tip.offsetWidth - 4);
    this.tip.style.left = `${Math.max(right, scrollLeft + 2)}px`;
    this.tip.style.top = `${y + 10}px`;
  }

  retell() {
    this.tip.hidden = !this.saying;
    if (this.saying) write(this.tip, this.saying());
  }

  hush() {
    this.light(null);
    this.near(null);
    this.say(null);
  }

  choose(target) {
    const place = placeOf(target);
    if (place) this.select(place);
  }

  walk(event) {
    const place = placeOf(event.target);
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!place || !step) return;
    event.preventDefault();
    const column = this.buttons[place[0] + step[0]];
    const index = step[0] && column ? Math.min(place[1], column.length - 1) : place[1] + step[1];
    column?.[index]?.focus();
  }

  /** Stop observing. */
  close() {
    this.observer.disconnect();
  }
}

function placeOf(target) {
  return target.closest(".stage-neuron")?.dataset.key.split(",").map(Number);
}
