// Colours of the plane and of the points upon it.

import { mix, outputRange, SYMBOLS } from "./colours.js";
import { featureColumns, outputs } from "./forward.js";

const STRENGTH = 0.78; // the plane is paler than the points, so that they stand out

/**
 * Colour scale of a Plotly heatmap ("z") or surface ("c").
 * @param {object} network
 * @param {object} theme
 * @param {string} letter
 * @returns {object}
 */
export function colourScale(network, theme, letter) {
  const count = network.outputs;
  const pale = (colour) => mix(theme.neutral, colour, STRENGTH);
  if (count > 2) {
    const stops = theme.classes.slice(0, count).flatMap((colour, k) => [
      [k / count, mix(theme.neutral, colour, 0.08)],
      [(k + 1) / count, pale(colour)],
    ]);
    return { [`${letter}min`]: 0, [`${letter}max`]: count, colorscale: stops };
  }
  const { low, high } = outputRange(network);
  const stops = [[0, pale(theme.negative)], [0.5, theme.neutral], [1, pale(theme.positive)]];
  return { [`${letter}min`]: low, [`${letter}max`]: high, colorscale: stops };
}

function likeliest(columns, k) {
  let best = 0;
  for (let c = 1; c < columns.length; c++) if (columns[c][k] > columns[best][k]) best = c;
  return best;
}

/**
 * Three or more classes: the height is the largest output, the colour is the class number plus its certainty.
 * @param {object} network
 * @param {Float64Array[]} columns
 * @returns {{heights: Float64Array, colours: Float64Array, text: function(number): string}}
 */
export function classHeights(network, columns) {
  const count = columns.length;
  const best = columns[0].map((_, k) => likeliest(columns, k));
  const heights = best.map((winner, k) => columns[winner][k]);
  const floor = network.output === "softmax" ? 1 / count : outputRange(network).low;
  const certainty = (value) => Math.min(Math.max((value - floor) / (1 - floor), 0), 0.999);
  const colours = best.map((winner, k) => winner + (network.discretize ? 0.999 : certainty(heights[k])));
  const text = (k) => `${network.classes?.[best[k]] ?? best[k]} ${heights[k].toFixed(3)}`;
  return { heights, colours, text };
}

function marker(theme, part, symbol, depth) {
  const outline = part === "test" ? theme.test : theme.point;
  return { symbol, size: depth ? 3.5 : 7, line: { color: outline, width: depth ? 0.5 : 1 } };
}

// Scatter3d knows few symbols.
const SOLID_SYMBOLS = ["circle", "square", "diamond", "cross", "x", "circle-open"];

function heightOf(network, layers, set, target) {
  if (network.task === "regression") return set.target;
  const { low, high } = outputRange(network);
  if (network.outputs <= 2) return set.target.map(() => (target === 0 ? low : high));
  return outputs(network, layers, featureColumns(network, set.x, set.y))[target];
}

function subset(set, target) {
  const kept = Array.from(set.target.keys()).filter((k) => set.target[k] === target);
  const chosen = (values) => Float32Array.from(kept, (k) => values[k]);
  return { x: chosen(set.x), y: chosen(set.y), target: chosen(set.target) };
}

function classTraces(network, layers, theme, words, part, depth) {
  return network.classes.map((name, target) => {
    const set = subset(network.points[part], target);
    const symbol = (depth ? SOLID_SYMBOLS : SYMBOLS)[target];
    const look = { ...marker(theme, part, symbol, depth), color: theme.classes[target] };
    const place = depth ? { z: heightOf(network, layers, set, target) } : {};
    const title = part === "test" ? `${name}, ${words.test}` : name;
    return { x: set.x, y: set.y, ...place, marker: look, name: title };
  });
}

function valueTrace(network, theme, words, part, depth) {
  const set = network.points[part];
  const { low, high } = outputRange(network);
  const scale = [[0, theme.negative], [0.5, theme.neutral], [1, theme.positive]];
  const symbol = part === "test" ? "diamond" : "circle";
  const values = { color: set.target, cmin: low, cmax: high, colorscale: scale };
  const line = { color: theme.scheme === "dark" ? theme.point : theme.test, width: 0.6 };
  const look = { ...marker(theme, part, symbol, depth), ...values, line };
  const place = depth ? { z: set.target } : {};
  return { x: set.x, y: set.y, ...place, marker: look, customdata: set.target, name: words[part] };
}

/**
 * Traces of the training points, and of the test points when they are asked for.
 * @param {object} network
 * @param {object[]} layers
 * @param {object} theme
 * @param {Object<string, string>} words
 * @param {boolean} depth in three dimensions
 * @returns {object[]}
 */
export function pointTraces(network, layers, theme, words, depth) {
  const parts = network.show_test ? ["train", "test"] : ["train"];
  const traces = parts
    .filter((part) => network.points?.[part])
    .flatMap((part) =>
      network.task === "regression"
        ? [valueTrace(network, theme, words, part, depth)]
        : classTraces(network, layers, theme, words, part, depth),
    );
  const valued = network.task === "regression";
  const value = valued ? `<br>${words.target} %{customdata:.4f}` : "<br>%{fullData.name}";
  const [first, second] = network.axes.map((axis) => axis.name);
  const hovertemplate = `${first} %{x:.3f}<br>${second} %{y:.3f}${value}<extra></extra>`;
  const kind = { type: depth ? "scatter3d" : "scatter", mode: "markers", hovertemplate };
  return traces.map((trace) => ({ ...kind, ...trace }));
}
