// The numbers of a figure as an accessible table.

import { element } from "./elements.js";
import { filled } from "./words.js";
import { listOf } from "./encoding.js";

const ROWS = 500;
const COLUMNS = 50;

function axisTitle(layout, axis, other) {
  const title = layout?.[axis]?.title;
  return (typeof title === "string" ? title : title?.text) || other;
}

function axisKey(trace, letter) {
  return `${letter}axis${(trace[`${letter}axis`] ?? letter).slice(1)}`;
}

function matrixTable(trace, layout) {
  const rows = listOf(trace.z).map((row) => listOf(row));
  const across = trace.x === undefined ? (rows[0] ?? []).map((_, k) => k) : listOf(trace.x);
  const down = trace.y === undefined ? rows.map((_, k) => k) : listOf(trace.y);
  const titles = ["y", "x"].map((letter) => axisTitle(layout, axisKey(trace, letter), letter));
  const corner = titles.join(" \\ ");
  return { head: [corner, ...across], rows: rows.map((row, k) => [down[k], ...row]) };
}

function numbered(values) {
  return values.map((_, k) => k);
}

function columnsOf(trace, layout, index, alone) {
  const name = alone ? "" : `${trace.name ?? index + 1}: `;
  const lengths = { y: listOf(trace.y), x: listOf(trace.x), z: listOf(trace.z) };
  if (trace.x === undefined) lengths.x = numbered(lengths.y);
  if (trace.y === undefined) lengths.y = numbered(lengths.x);
  return ["x", "y", "z"]
    .filter((letter) => letter !== "z" || trace.z !== undefined)
    .map((letter) => ({
      letter,
      title: name + axisTitle(layout, axisKey(trace, letter), letter),
      values: lengths[letter],
    }));
}

function sharedFirst(groups) {
  const [first, ...others] = groups;
  const { values } = first[0];
  const equal = ([x]) => x.values.length === values.length && x.values.every((v, k) => v === values[k]);
  if (others.length === 0 || !others.every(equal)) return groups.flat();
  const plain = { ...first[0], title: first[0].title.split(": ").at(-1) };
  return [plain, ...groups.flatMap((columns) => columns.slice(1))];
}

/**
 * The rows of a figure: a matrix for a heatmap, else columns of x and y for every trace.
 * @param {{data: object[], layout: object}} spec
 * @returns {{head: string[], rows: Array[]}}
 */
export function tableOf({ data, layout }) {
  const matrix = data.find((trace) => ["heatmap", "surface", "contour"].includes(trace.type));
  if (matrix) return matrixTable(matrix, layout);
  const traces = data.filter((trace) => trace.x !== undefined || trace.y !== undefined);
  if (traces.length === 0) return { head: [], rows: [] };
  const columns = sharedFirst(traces.map((trace, k) => columnsOf(trace, layout, k, traces.length === 1)));
  const length = Math.max(...columns.map((column) => column.values.length));
  const rows = Array.from({ length }, (_, k) => columns.map((column) => column.values[k] ?? ""));
  return { head: columns.map((column) => column.title), rows };
}

function shown(value) {
  if (typeof value !== "number") return String(value);
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

/**
 * A table element with a caption and header cells; at most 500 rows.
 * @param {{head: string[], rows: Array[]}} table
 * @param {string} title
 * @param {Object<string, string>} words
 * @returns {HTMLElement}
 */
export function tableElement({ head, rows }, title, words) {
  const cut = rows.length > ROWS ? ` ${filled(words.table_cut, { shown: ROWS, all: rows.length })}` : "";
  const heading = (value, scope) => element("th", { scope }, shown(value));
  const cell = (value, k) => (k === 0 ? heading(value, "row") : element("td", {}, shown(value)));
  const line = (row) => element("tr", {}, ...row.slice(0, COLUMNS).map(cell));
  const header = head.slice(0, COLUMNS).map((value) => heading(value, "col"));
  return element(
    "table",
    {},
    element("caption", {}, title + cut),
    element("thead", {}, element("tr", {}, ...header)),
    element("tbody", {}, ...rows.slice(0, ROWS).map(line)),
  );
}
