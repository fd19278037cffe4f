/** One measured figure, beside its peer of the same run and its budget. */
export interface Figure {
  what: string;
  value: number;
  unit: string;
  /** The same thing done by somebody else, measured in this run. */
  peer?: { name: string; value: number };
  /** What docs and the README promise, with the direction: 'at most 120', 'at least 2500'. */
  budget?: { bound: 'at most' | 'at least'; value: number };
}

export function meets(figure: Figure): boolean | undefined {
  if (!figure.budget) return undefined;
  return figure.budget.bound === 'at most' ? figure.value <= figure.budget.value : figure.value >= figure.budget.value;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? NaN;
}

export function formatTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.what,
    `${round(figure.value)} ${figure.unit}`,
    figure.peer ? `${round(figure.peer.value)} ${figure.unit}` : '',
    figure.peer ? `${round(figure.value / figure.peer.value)}x ${figure.peer.name}` : '',
    figure.budget ? `${figure.budget.bound} ${round(figure.budget.value)}` : '',
    figure.budget ? (meets(figure) ? 'met' : 'MISSED') : '',
  ]);
  const header = ['figure', 'bramble', 'peer', 'ratio', 'budget', ''];
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  return [header, ...rows].map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()).join('\n');
}

function round(value: number): string {
  return value >= 100 ? Math.round(value).toString() : Number(value.toPrecision(3)).toString();
}
