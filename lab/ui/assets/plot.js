// One Plotly plot that is changed in place: zoom and camera survive new data and new runs.

import { plotly } from "./elements.js";
import { mix } from "./colours.js";
import { tracesAt } from "./paths.js";

const CONFIG = {
  displaylogo: false,
  responsive: true,
  displayModeBar: "hover",
  showSendToCloud: false, // learners' charts stay in the lab
};
const MARGIN = { l: 56, r: 16, t: 10, b: 44 };

function themedAxis(axis, theme) {
  const faint = mix(theme.background, theme.text, 0.13);
  const zero = mix(theme.background, theme.text, 0.25);
  const colours = { gridcolor: faint, linecolor: faint, zerolinecolor: zero };
  const title = typeof axis?.title === "string" ? { text: axis.title } : axis?.title;
  const small = title && { title: { ...title, font: { size: 13, ...title.font } } };
  return { automargin: true, ...axis, ...small, ...colours };
}

function themedScene(scene, theme) {
  const axes = ["xaxis", "yaxis", "zaxis"].map((name) => {
    const colours = { showbackground: false, color: theme.text };
    return [name, { ...themedAxis(scene[name], theme), automargin: undefined, ...colours }];
  });
  return { ...scene, ...Object.fromEntries(axes) };
}

/**
 * A layout in the page's colours and font, which keeps zoom and camera.
 * @param {object} layout
 * @param {object} theme of `themeAt`
 * @returns {object}
 */
export function themedLayout(layout, theme) {
  const font = { color: theme.text, family: theme.font };
  const clear = "rgba(0,0,0,0)";
  const themed = {
    uirevision: "stage",
    height: 300,
    xaxis: {},
    yaxis: {},
    ...layout,
    margin: { ...MARGIN, ...layout.margin },
    paper_bgcolor: clear,
    plot_bgcolor: clear,
    font: { size: 13, ...layout.font, ...font },
    hoverlabel: { ...layout.hoverlabel, bgcolor: theme.panel, font },
    legend: { ...layout.legend, bgcolor: clear },
    modebar: { bgcolor: clear, color: mix(theme.background, theme.text, 0.5), activecolor: theme.text },
  };
  for (const name of Object.keys(themed)) {
    if (/^[xy]axis\d*$/.test(name)) themed[name] = themedAxis(themed[name], theme);
    if (/^scene\d*$/.test(name)) themed[name] = themedScene(themed[name], theme);
  }
  return themed;
}

/** A plot in a node. Work never queues: while one drawing lasts, only the newest wish is kept. */
export class Plot {
  /**
   * @param {HTMLElement} node
   * @param {string} assets base address of the modules
   * @param {function(string, object): void} report what the learner's hand does in the plot: a name that the
   *   figure chose in `layout.meta`, and where
   */
  constructor(node, assets, report) {
    this.node = node;
    this.assets = assets;
    this.report = report;
    this.epoch = null;
    this.step = null;
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(node);
  }

  /**
   * Show a figure.
   * @param {{data: object[], layout: object}} spec
   * @param {object} theme
   */
  draw(spec, theme) {
    this.wish = { spec, theme };
    if (!this.busy) this.work();
  }

  async work() {
    this.busy = true;
    try {
      const library = await plotly(this.assets);
      while (this.wish && !this.closed) {
        const { spec, theme } = this.wish;
        this.wish = null;
        this.spec = spec;
        this.theme = theme;
        const layout = { ...themedLayout(spec.layout ?? {}, theme), shapes: this.shapes() };
        const pulled = spec.layout?.meta?.pull !== undefined;
        const config = { ...CONFIG, edits: { shapePosition: pulled } };
        await library.react(this.node, tracesAt(spec.data, this.stepOf(spec)), layout, config);
        this.listen();
        this.width = this.node.clientWidth;
      }
    } finally {
      this.busy = false;
    }
  }

  stepOf(spec) {
    return spec.layout?.meta?.steps ? this.step : null;
  }

  // A click on the plane is `meta.pick`, a line pulled with the mouse is `meta.pull`.
  listen() {
    if (this.listening) return;
    this.listening = true;
    this.node.on("plotly_click", ({ event }) => {
      const name = this.spec.layout?.meta?.pick;
      if (name && event) this.report(name, this.placeOf(event));
    });
    this.node.on("plotly_relayout", (change) => {
      const name = this.spec.layout?.meta?.pull;
      if (!name || !Object.keys(change).some((key) => key.startsWith("shapes[0]."))) return;
      const { x0, y0, x1, y1 } = this.node.layout.shapes[0];
      this.report(name, { x0, y0, x1, y1 });
    });
  }

  placeOf(event) {
    const { xaxis, yaxis } = this.node._fullLayout;
    const box = this.node.getBoundingClientRect();
    const x = xaxis.p2d(event.clientX - box.left - xaxis._offset);
    return { x, y: yaxis.p2d(event.clientY - box.top - yaxis._offset) };
  }

  shapes() {
    const own = this.spec.layout?.shapes ?? [];
    const axis = this.spec.layout?.xaxis;
    const marked = this.spec.layout?.meta?.epoch_axis === true && this.epoch !== null;
    if (!marked || (axis?.type === "log" && this.epoch <= 0)) return own;
    const line = { color: mix(this.theme.background, this.theme.text, 0.6), width: 1, dash: "dot" };
    const place = { x0: this.epoch, x1: this.epoch, y0: 0, y1: 1, xref: "x", yref: "paper" };
    return [...own, { type: "line", name: "shown epoch", ...place, line }];
  }

  /**
   * Mark an epoch with a thin vertical line, on figures whose x axis counts epochs.
   * @param {?number} epoch
   */
  mark(epoch) {
    if (epoch === this.epoch) return;
    this.epoch = epoch;
    const marked = this.spec?.layout?.meta?.epoch_axis === true;
    if (marked && !this.busy) window.Plotly.relayout(this.node, { shapes: this.shapes() });
  }

  /**
   * Show the figure's paths up to a step.
   * @param {?number} step
   */
  playTo(step) {
    if (step === this.step) return;
    this.step = step;
    if (this.spec?.layout?.meta?.steps && !this.wish) this.draw(this.spec, this.theme);
  }

  resize() {
    const width = this.node.clientWidth;
    if (!this.spec || this.busy || width === 0 || width === this.width) return;
    this.width = width;
    window.Plotly.Plots.resize(this.node);
  }

  /** Free the plot's memory and WebGL context. */
  close() {
    this.closed = true;
    this.observer.disconnect();
    window.Plotly?.purge(this.node);
  }
}
