// The network's output over the plane: a map, or a surface in three dimensions.

import { outputRange } from "./colours.js";
import { element } from "./elements.js";
import { FigureSlot } from "./figure.js";
import { outputs, plane } from "./forward.js";
import { classHeights, colourScale, pointTraces } from "./surface_colours.js";
import { filled } from "./words.js";

const CELLS = 100;
const TABLE_CELLS = 11;

/** The map, with its data points. */
export class Surface {
  /**
   * @param {string} assets base address of the modules
   * @param {Object<string, string>} words
   */
  constructor(assets, words) {
    this.words = words;
    this.slots = { map: new FigureSlot(assets, words), "3d": new FigureSlot(assets, words) };
    this.element = element("div", { class: "stage-map" }, this.slots.map.element, this.slots["3d"].element);
  }

  /**
   * Show the plane at the view's moment.
   * @param {object} view network, layers, theme, words
   */
  update(view) {
    const kind = view.network.surface === "3d" ? "3d" : "map";
    for (const [name, slot] of Object.entries(this.slots)) slot.element.hidden = name !== kind;
    const width = this.element.clientWidth || 400;
    const height = Math.round(Math.min(Math.max(width * 0.92, 320), 460));
    const spec = (kind === "3d" ? spaceSpec : mapSpec)(view, this.grid(view.network), { width, height });
    const table = () => planeTable(view);
    const figure = { id: kind, title: this.words.map, alt: alternative(view), spec, table };
    this.slots[kind].update(figure, view.theme);
  }

  grid(network) {
    const key = JSON.stringify([network.inputs, network.axes]);
    if (key !== this.key) this.plane = plane(network, CELLS);
    this.key = key;
    return this.plane;
  }

  /** Take the plots off the page. */
  close() {
    for (const slot of Object.values(this.slots)) slot.close();
  }
}

function rowsOf(column, count) {
  const starts = [...Array(column.length / count).keys()].map((row) => row * count);
  return starts.map((start) => column.subarray(start, start + count));
}

/**
 * What the plane shows at each cell.
 * @param {object} network
 * @param {Float64Array[]} columns the network's outputs
 * @returns {{heights: Float64Array, colours: Float64Array, text: ?function(number): string}} one entry per
 *   cell; `text` says what a cell holds where a number does not
 */
export function readings(network, columns) {
  if (columns.length > 2) return classHeights(network, columns);
  const { low, high } = outputRange(network);
  let heights = columns.at(-1);
  if (columns.length === 2 && !["softmax", "sigmoid"].includes(network.output)) {
    heights = heights.map((value, k) => (value - columns[0][k]) / (network.output === "tanh" ? 2 : 1));
  } else if (columns.length === 2 && network.output === "sigmoid") {
    heights = heights.map((value, k) => (1 + value - columns[0][k]) / 2);
  }
  if (network.discretize && network.task === "classification") {
    heights = heights.map((value) => (Number.isNaN(value) ? value : value >= (low + high) / 2 ? high : low));
  }
  return { heights, colours: heights };
}

function hover(network, words, text) {
  const [first, second] = network.axes.map((axis) => axis.name);
  const value = text ? "%{text}" : `${words.one_output} %{z:.4f}`;
  return `${first} %{x:.3f}<br>${second} %{y:.3f}<br>${value}<extra></extra>`;
}

function colourBar(network) {
  if (network.outputs > 2) return { showscale: false };
  const place = { thickness: 8, outlinewidth: 0, x: 1.01, xpad: 4, ypad: 0 };
  return { showscale: true, colorbar: { ...place, tickvals: barTicks(network) } };
}

function barTicks(network) {
  const { low, high } = outputRange(network);
  return [0, 0.25, 0.5, 0.75, 1].map((share) => low + share * (high - low));
}

// Room for the longest name, so that entries stand in columns and wrap on narrow screens.
function legend(traces, place) {
  const look = { orientation: "h", x: 0, itemsizing: "constant", font: { size: 12 } };
  return { ...look, entrywidthmode: "pixels", entrywidth: entryWidth(traces), ...place };
}

function entryWidth(traces) {
  return 7 * Math.max(0, ...traces.map((trace) => trace.name.length));
}

// Pixels under the map: axis, axis title, and as many lines of legend as the width asks for.
function bottomMargin(traces, width) {
  const abreast = Math.max(1, Math.floor((width - 62) / (entryWidth(traces) + 48)));
  return 54 + 20 * Math.ceil(traces.length / abreast);
}

function mapSpec({ network, layers, theme, words }, grid, { width, height }) {
  const reading = readings(network, outputs(network, layers, grid.features));
  const points = pointTraces(network, layers, theme, words, false);
  const rows = rowsOf(reading.colours, CELLS);
  const text = reading.text && rows.map((row, r) => Array.from(row, (_, c) => reading.text(r * CELLS + c)));
  const heatmap = {
    type: "heatmap",
    x: grid.x,
    y: grid.y,
    z: rows,
    ...(text && { text }),
    ...colourScale(network, theme, "z"),
    ...colourBar(network),
    zsmooth: reading.text || network.discretize ? false : "fast",
    hovertemplate: hover(network, words, text),
  };
  const bare = { showgrid: false, zeroline: false, automargin: false, nticks: 7 };
  const [xaxis, yaxis] = network.axes.map(({ name, extent }) => {
    return { ...bare, title: { text: name, standoff: 6 }, range: extent };
  });
  const bottom = bottomMargin(points, width);
  const layout = {
    height,
    xaxis,
    yaxis,
    margin: { l: 46, r: network.outputs > 2 ? 12 : 46, t: 12, b: bottom },
    showlegend: true,
    legend: legend(points, { y: (bottom - 44) / height, yref: "container", yanchor: "top" }),
  };
  return { data: [heatmap, ...points], layout };
}

function spaceSpec({ network, layers, theme, words }, grid, { height }) {
  const reading = readings(network, outputs(network, layers, grid.features));
  const points = pointTraces(network, layers, theme, words, true);
  const rows = rowsOf(reading.heights, CELLS);
  const text = reading.text && rows.map((row, r) => Array.from(row, (_, c) => reading.text(r * CELLS + c)));
  const surface = {
    type: "surface",
    x: grid.x,
    y: grid.y,
    z: rows,
    surfacecolor: rowsOf(reading.colours, CELLS),
    ...(text && { text }),
    ...colourScale(network, theme, "c"),
    showscale: false,
    opacity: 0.92,
    lighting: { ambient: 0.8, diffuse: 0.4, specular: 0.05 },
    contours: { x: { highlight: false }, y: { highlight: false }, z: { highlight: false } },
    hovertemplate: hover(network, words, text),
  };
  const [xaxis, yaxis] = network.axes.map(({ name, extent }) => ({ title: { text: name }, range: extent }));
  const { low, high } = network.outputs > 2 ? { low: 0, high: 1 } : outputRange(network);
  const spare = 0.15 * (high - low);
  const zaxis = { title: { text: words.one_output }, range: [low - spare, high + spare] };
  const camera = { eye: { x: -1.4, y: -1.65, z: 1.05 }, center: { x: 0, y: 0, z: -0.12 } };
  const layout = {
    height,
    scene: { xaxis, yaxis, zaxis, camera, aspectmode: "manual", aspectratio: { x: 1, y: 1, z: 0.7 } },
    margin: { l: 0, r: 0, t: 0, b: 0 },
    showlegend: true,
    legend: legend(points, { y: 1, yanchor: "top" }),
  };
  return { data: [surface, ...points], layout };
}

function alternative({ network, words }) {
  const [first, second] = network.axes;
  const [low, high, bottom, top] = [...first.extent, ...second.extent];
  return filled(words.map_alt, { first: first.name, second: second.name, low, high, bottom, top });
}

function planeTable({ network, layers }) {
  const { x, y, features } = plane(network, TABLE_CELLS);
  const reading = readings(network, outputs(network, layers, features));
  const cell = (k) => reading.text?.(k) ?? reading.heights[k];
  const [first, second] = network.axes.map((axis) => axis.name);
  const rows = Array.from(y, (value, r) => [value, ...Array.from(x, (_, c) => cell(r * TABLE_CELLS + c))]);
  return { head: [`${second} \\ ${first}`, ...x], rows: rows.reverse() };
}
