// What is known of a run: messages merged, parameters unpacked.

import { floats } from "./encoding.js";

/**
 * Neurons per column of the drawing: inputs, hidden layers, outputs.
 * @returns {number[]}
 */
export function sizesOf({ inputs, hidden, outputs }) {
  return [inputs.length, ...hidden, outputs];
}

function parameterCount(sizes) {
  return sizes.slice(1).reduce((sum, size, k) => sum + (sizes[k] + 1) * size, 0);
}

function joined(known, news, count) {
  const from = news.from ?? 0;
  const old = known ?? { epochs: [], parameters: new Float32Array(0) };
  if (from > old.epochs.length) return old; // a gap: the complete message will close it
  const fresh = floats(news.parameters);
  const parameters = new Float32Array(from * count + fresh.length);
  parameters.set(old.parameters.subarray(0, from * count));
  parameters.set(fresh, from * count);
  return { epochs: [...old.epochs.slice(0, from), ...news.epochs], parameters };
}

function unpackedPoints(points) {
  const sets = Object.entries(points).filter(([, set]) => set);
  const unpacked = ({ x, y, target }) => ({ x: floats(x), y: floats(y), target: floats(target) });
  return Object.fromEntries(sets.map(([name, set]) => [name, unpacked(set)]));
}

/**
 * A network with the parts of a later message in place; moments are appended after the first `from`.
 * @param {?object} known
 * @param {object} news
 * @returns {object}
 */
export function mergedNetwork(known, news) {
  const network = { ...known, ...news };
  const same = known && String(sizesOf(known)) === String(sizesOf(network));
  const moments = same ? known.moments : undefined;
  network.moments = news.moments ? joined(moments, news.moments, parameterCount(sizesOf(network))) : moments;
  if (news.points) network.points = unpackedPoints(news.points);
  return network;
}

/**
 * What is known after a message: parts it names are replaced, figures by their id.
 * @param {object} known
 * @param {object} message
 * @returns {object}
 */
export function merged(known, message) {
  const kept = message.done && message.figures ? [] : (known.figures ?? []); // the last message is complete
  const figures = new Map(kept.map((figure) => [figure.id, figure]));
  for (const figure of message.figures ?? []) figures.set(figure.id, figure);
  const network = message.network ? mergedNetwork(known.network, message.network) : known.network;
  return { ...known, ...message, figures: [...figures.values()], network };
}

/**
 * The parameters of one moment, layer by layer, as float64.
 * @param {object} network
 * @param {number} moment
 * @param {Map<string, number>} [edits] values set by hand, by "layer,from,to"
 * @returns {{weights: Float64Array, biases: Float64Array, inputs: number, outputs: number}[]}
 */
export function layersAt(network, moment, edits = new Map()) {
  const sizes = sizesOf(network);
  let start = moment * parameterCount(sizes);
  const take = (count) => Float64Array.from(network.moments.parameters.subarray(start, (start += count)));
  const layers = sizes.slice(1).map((outputs, k) => ({
    inputs: sizes[k],
    outputs,
    weights: take(sizes[k] * outputs),
    biases: take(outputs),
  }));
  for (const [key, value] of edits) {
    const [layer, from, to] = key.split(",").map(Number);
    if (from < 0) layers[layer].biases[to] = value;
    else layers[layer].weights[from * layers[layer].outputs + to] = value;
  }
  return layers;
}
