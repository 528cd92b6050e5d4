// What the drawing says of a weight or a neuron.

import { filled, neuronName, numeral } from "./words.js";

const LINES = 8;

/**
 * A weight in words.
 * @returns {string} such as "w (x1 → neuron 2 of layer 1) = −0.1234"
 */
export function edgeText(view, layer, from, to) {
  const { layers, edited, words } = view;
  const text = filled(words.weight, {
    from: neuronName(view, layer, from),
    to: neuronName(view, layer + 1, to),
    value: numeral(layers[layer].weights[from * layers[layer].outputs + to]),
  });
  return edited.has(`${layer},${from},${to}`) ? `${text} (${words.by_hand})` : text;
}

/**
 * A neuron in words: its name, its bias and the weights that come in, the largest first.
 * @returns {string} lines
 */
export function neuronText(view, column, index) {
  const { layers, words } = view;
  const name = neuronName(view, column, index);
  if (column === 0) return filled(words.input_neuron, { name });
  const { weights, biases, inputs, outputs } = layers[column - 1];
  const incoming = [...Array(inputs).keys()].map((from) => {
    return [neuronName(view, column - 1, from), weights[from * outputs + index]];
  });
  incoming.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const lines = incoming.slice(0, LINES).map(([from, weight]) => `${from}: ${numeral(weight)}`);
  if (inputs > LINES) lines.push(filled(words.more_weights, { count: inputs - LINES }));
  return [name, `${words.bias}: ${numeral(biases[index])}`, ...lines].join("\n");
}
