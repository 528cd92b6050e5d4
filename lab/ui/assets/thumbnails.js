// Small pictures of what each neuron computes over the plane.

import { outputRange, ramp } from "./colours.js";

/** Cells along each side of a thumbnail. */
export const THUMBNAIL = 24;

const BOUNDED = { tanh: [-1, 1], sigmoid: [0, 1] };

function largest(columns) {
  let most = 0;
  for (const column of columns) {
    for (const value of column) if (Math.abs(value) > most) most = Math.abs(value); // passes over NaN
  }
  return Number.isFinite(most) && most > 0 ? most : 1;
}

function around(columns) {
  const most = largest(columns);
  return [-most, most];
}

function paint(canvas, column, [low, high], colours) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(THUMBNAIL, THUMBNAIL);
  for (let k = 0; k < column.length; k++) {
    const share = (column[k] - low) / (high - low);
    const shade = Number.isNaN(share) ? 127 : Math.round(255 * Math.min(Math.max(share, 0), 1));
    const row = THUMBNAIL - 1 - Math.floor(k / THUMBNAIL); // an image begins with its top row
    const pixel = row * THUMBNAIL + (k % THUMBNAIL);
    for (let c = 0; c < 4; c++) image.data[4 * pixel + c] = colours[4 * shade + c];
  }
  context.putImageData(image, 0, 0);
}

/**
 * Paint every neuron's output over the plane: orange below, blue above the middle of its scale. Bounded
 * activations have their own bounds; other hidden layers share the largest value of the layer.
 * @param {HTMLElement[][]} buttons by column, then neuron
 * @param {Float64Array[][]} values by column, then neuron
 * @param {object} network
 * @param {object} theme
 */
export function paintThumbnails(buttons, values, network, theme) {
  const colours = ramp([theme.negative, theme.neutral, theme.positive]);
  const ends = outputRange(network);
  values.forEach((columns, c) => {
    const last = c === values.length - 1;
    const shared = BOUNDED[network.activation] ?? around(columns);
    columns.forEach((column, k) => {
      const range = c === 0 ? around([column]) : last ? [ends.low, ends.high] : shared;
      const own = last && columns.length > 1 ? ramp([theme.neutral, theme.classes[k]]) : colours;
      paint(buttons[c][k].querySelector("canvas"), column, range, own);
    });
  });
}
