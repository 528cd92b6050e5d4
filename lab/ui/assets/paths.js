// Paths that are played: a figure shows them from their first point up to a step.

import { listOf } from "./encoding.js";

const COORDINATES = ["x", "y", "z"];
const unpacked = new WeakMap();

/**
 * How many steps the figures' paths have; 0 if none is to be played.
 * @param {{spec: {layout: object}}[]} figures
 * @returns {number}
 */
export function stepsOf(figures) {
  return Math.max(0, ...figures.map(({ spec }) => spec.layout?.meta?.steps ?? 0));
}

// The columns of a path as plain lists; a step is then a slice.
function columnsOf(trace) {
  if (!unpacked.has(trace)) {
    const given = COORDINATES.filter((name) => trace[name] !== undefined);
    unpacked.set(trace, Object.fromEntries(given.map((name) => [name, listOf(trace[name])])));
  }
  return unpacked.get(trace);
}

function cut(trace, step) {
  const columns = columnsOf(trace);
  const last = Math.min(step, columns.x.length - 1);
  const first = trace.meta.path === "head" ? last : 0;
  const parts = Object.entries(columns).map(([name, values]) => [name, values.slice(first, last + 1)]);
  return { ...trace, ...Object.fromEntries(parts) };
}

/**
 * A figure's traces at a step: paths end there, heads stand there, all else is as it was.
 * @param {object[]} traces
 * @param {?number} step null shows everything
 * @returns {object[]}
 */
export function tracesAt(traces, step) {
  return traces.map((trace) => (trace.meta?.path && step !== null ? cut(trace, step) : trace));
}
