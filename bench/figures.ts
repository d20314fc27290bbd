/** Functions of plain numbers, and how they are written for people. */

const mebibyte = 1024 * 1024;

/** How many times `theirs` is `ours`; undefined where there is nothing to compare with. */
export function ratio(ours: number, theirs: number): number | undefined {
  return theirs > 0 ? ours / theirs : undefined;
}

/** The value below which the share `q` (0 to 1) of all lies; 0 for no values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

export function milliseconds(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}

export function seconds(value: number): string {
  return `${value.toFixed(value < 1 ? 3 : 2)} s`;
}

/** Of a number of bytes. */
export function mebibytes(bytes: number): string {
  return `${(bytes / mebibyte).toFixed(2)} MiB`;
}

export function times(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(value < 0.095 ? 3 : 2);
}

/** Rows of cells in columns, the first to the left, the others to the right; the first row is the heading. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    widths
      .map((width, at) => (at === 0 ? (row[at] ?? '').padEnd(width) : (row[at] ?? '').padStart(width)))
      .join('  ')
      .trimEnd();
  const [heading, ...body] = rows.map(line);
  return heading === undefined ? '' : [heading, '-'.repeat(heading.length), ...body].join('\n');
}
