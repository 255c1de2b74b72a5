// How large the figure's cells are, and whether its panels lie side by side or below each other.

/**
 * name: "input", "kernel", "output" or "gradient"; cols: with what a window reaches past them.
 * @typedef {{ name: string, rows: number, cols: number }} Panel
 */

const LARGEST_CELL = 46; // pixels, as all sizes here
const SIGN = 34; // of the star and the arrow between panels
const READABLE = 24; // of a cell whose number is worth scrolling for
const LEAST_KERNEL = 24; // of a kernel's cell
const SMALL = 26; // of cells beside each other that may be larger below each other
const TITLE = 30; // above a panel

/**
 * As large as fits side by side; below each other if that makes small cells larger. Cells too
 * small for numbers are a picture, which is to be seen at once: no scrolling to the output.
 * panels: those that are shown. width, room: pixels for all of them, across and down. Gives the
 * pixels of a cell, and of a kernel's.
 * @type {(panels: Panel[], width: number, room: number) => { stacked: boolean, cell: number, kernelCell: number }}
 */
export function layoutOf(panels, width, room) {
  const beside = panels.filter(({ name }) => name !== "gradient");
  const across = width - (beside.length - 1) * SIGN - 8;
  const total = beside.reduce((sum, { cols }) => sum + cols, 0);
  const tall = beside.reduce((sum, { rows }) => sum + rows, 0);
  // A kernel is to be read and changed, however small the input's cells are.
  const kernel = panels.find(({ name }) => name === "kernel") ?? { rows: 0, cols: 0 };
  const least = Math.min(LEAST_KERNEL, Math.floor((width - 4) / kernel.cols));
  let row = across / total;
  if (kernel.cols && row < least) {
    row = Math.max(1, (across - least * kernel.cols) / (total - kernel.cols));
  }
  let column = (width - 4) / Math.max(...panels.map(({ cols }) => cols));
  if (column < READABLE) {
    const left = room - beside.length * TITLE - (kernel.rows ? least * kernel.rows : 0);
    column = Math.min(column, left / (tall - kernel.rows));
  }
  const stacked = row < SMALL && column > row * 1.25;
  const size = Math.min(LARGEST_CELL, stacked ? column : row);
  const cell = size > 12 ? Math.floor(size) : Math.floor(size * 4) / 4;
  return { stacked, cell, kernelCell: Math.max(cell, least) };
}
