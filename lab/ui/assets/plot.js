// One Plotly plot that is changed in place: zoom and camera survive new data and new runs.

import { plotly } from "./elements.js";
import { mix } from "./colours.js";

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
   */
  constructor(node, assets) {
    this.node = node;
    this.assets = assets;
    this.epoch = null;
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
        await library.react(this.node, spec.data, layout, CONFIG);
        this.width = this.node.clientWidth;
      }
    } finally {
      this.busy = false;
    }
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
