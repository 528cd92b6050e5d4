// The forward pass of a small multi-layer perceptron, in float64, for many points at once.
// Values lie in columns: one Float64Array per neuron, one entry per point.

/** Features of a point whose coordinates are already centred and scaled. */
export const FEATURES = {
  x1: (x1) => x1,
  x2: (x1, x2) => x2,
  "x1^2": (x1) => x1 * x1,
  "x2^2": (x1, x2) => x2 * x2,
  x1x2: (x1, x2) => x1 * x2,
  "sin x1": (x1) => Math.sin(x1),
  "sin x2": (x1, x2) => Math.sin(x2),
};

const STEPS = 128; // table entries per unit: the cubic between two of them is good to 1e-10
const REACH = 6; // 1 - erf(6) is 2e-17
const ERF = Float64Array.from({ length: REACH * STEPS + 2 }, (_, k) => erfSeries(k / STEPS));
const SLOPE = ERF.map((_, k) => (2 / Math.sqrt(Math.PI)) * Math.exp(-((k / STEPS) ** 2)));

// erf x = 2/sqrt(pi) exp(-x^2) sum 2^n x^(2n+1) / (2n+1)!!  (Abramowitz and Stegun 7.1.6)
function erfSeries(x) {
  let term = x;
  let sum = x;
  for (let n = 1; term > 1e-17 * sum; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/**
 * The error function, good to 1e-10: a cubic between table entries, from values and slopes.
 * @param {number} x
 * @returns {number}
 */
export function erf(x) {
  const size = Math.abs(x);
  if (size >= REACH) return Math.sign(x);
  if (Number.isNaN(x)) return NaN;
  const k = Math.floor(size * STEPS);
  const t = size * STEPS - k;
  const left = (1 + 2 * t) * (1 - t) ** 2 * ERF[k] + (t * (1 - t) ** 2 * SLOPE[k]) / STEPS;
  const right = t * t * (3 - 2 * t) * ERF[k + 1] + (t * t * (t - 1) * SLOPE[k + 1]) / STEPS;
  return Math.sign(x) * (left + right);
}

function sigmoid(z) {
  if (z >= 0) return 1 / (1 + Math.exp(-z));
  const e = Math.exp(z);
  return e / (1 + e);
}

/** Activations by name; the slope of leaky_relu is 0.01 and gelu is the exact one. */
export const ACTIVATIONS = {
  linear: (z) => z,
  tanh: Math.tanh,
  relu: (z) => (z < 0 ? 0 : z),
  leaky_relu: (z) => (z < 0 ? 0.01 * z : z),
  sigmoid,
  gelu: (z) => 0.5 * z * (1 + erf(z / Math.SQRT2)),
};

function softmaxInPlace(columns) {
  const count = columns[0].length;
  for (let n = 0; n < count; n++) {
    let top = -Infinity;
    for (const column of columns) top = Math.max(top, column[n]); // keeps NaN
    let sum = 0;
    for (const column of columns) sum += column[n] = Math.exp(column[n] - top);
    for (const column of columns) column[n] /= sum;
  }
}

function activateInPlace(columns, name) {
  if (name === "softmax") return softmaxInPlace(columns);
  if (name === "linear") return;
  const activation = ACTIVATIONS[name];
  for (const column of columns) for (let n = 0; n < column.length; n++) column[n] = activation(column[n]);
}

function affine({ weights, biases, outputs }, columns) {
  return Array.from({ length: outputs }, (_, to) => {
    const scores = new Float64Array(columns[0].length).fill(biases[to]);
    columns.forEach((column, from) => {
      const weight = weights[from * outputs + to];
      for (let n = 0; n < scores.length; n++) scores[n] += weight * column[n];
    });
    return scores;
  });
}

/**
 * Features of points given in the units of the axes.
 * @param {{inputs: string[], axes: object[]}} network
 * @param {ArrayLike<number>} x first coordinates
 * @param {ArrayLike<number>} y second coordinates
 * @returns {Float64Array[]} one column per feature
 */
export function featureColumns({ inputs, axes }, x, y) {
  const [first, second] = [x, y].map((raw, axis) => {
    const { center = 0, scale = 1 } = axes[axis];
    return Float64Array.from(raw, (value) => (value - center) / scale);
  });
  return inputs.map((key) => first.map((value, n) => FEATURES[key](value, second[n])));
}

/**
 * The values of every neuron: inputs, each hidden layer, outputs.
 * @param {{activation: string, output: string}} network
 * @param {{weights: Float64Array, biases: Float64Array, outputs: number}[]} layers
 * @param {Float64Array[]} features
 * @returns {Float64Array[][]} by column of the drawing, then neuron
 */
export function activations(network, layers, features) {
  const all = [features];
  layers.forEach((layer, depth) => {
    const columns = affine(layer, all[depth]);
    activateInPlace(columns, depth < layers.length - 1 ? network.activation : network.output);
    all.push(columns);
  });
  return all;
}

/**
 * The network's outputs alone.
 * @returns {Float64Array[]} one column per output
 */
export function outputs(network, layers, features) {
  return activations(network, layers, features).at(-1);
}

/**
 * Centres of `count` equal cells between two ends.
 * @param {number[]} extent low and high
 * @param {number} count
 * @returns {Float64Array}
 */
export function centres([low, high], count) {
  return Float64Array.from({ length: count }, (_, k) => low + ((k + 0.5) * (high - low)) / count);
}

/**
 * Features of a grid over the plane, row by row from the bottom.
 * @param {{inputs: string[], axes: object[]}} network
 * @param {number} count cells along each axis
 * @returns {{x: Float64Array, y: Float64Array, features: Float64Array[]}}
 */
export function plane(network, count) {
  const [x, y] = network.axes.map((axis) => centres(axis.extent, count));
  const cells = Array.from({ length: count * count }, (_, k) => k);
  const across = cells.map((k) => x[k % count]);
  const up = cells.map((k) => y[Math.floor(k / count)]);
  return { x, y, features: featureColumns(network, across, up) };
}
