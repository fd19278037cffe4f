/** The text of `bramble help`. */
import { optionTable } from '../options.ts';

const commands: readonly [string, string][] = [
  ['up', 'start a cluster on this machine: control plane, NATS, agent, proxy, DNS'],
  ['server', 'the control plane alone'],
  ['agent', 'the agent of this board alone'],
  ['proxy', 'the Service proxy and DNS of this board alone'],
  ['down', 'stop the cluster and remove its pods; the data stays'],
  ['reset', 'the same, and remove the data'],
  ['secrets rotate', 'encrypt all Secrets anew with a new key; the cluster may run'],
  ['version', 'print the version'],
];

export function helpText(): string {
  const options = Object.entries(optionTable).map(([name, row]): [string, string] => [
    `--${name}${'argument' in row ? ` ${row.argument}` : ''}`,
    `${row.description}${'default' in row ? ` (default ${row.default})` : ''}`,
  ]);
  const width = Math.max(...options.map(([left]) => left.length)) + 2;
  const table = (rows: readonly [string, string][]): string => rows.map(([left, right]) => `  ${left.padEnd(width)}${right}\n`).join('');
  return `Kubernetes for Raspberry Pi fleets and home labs.

Usage: bramble COMMAND [OPTIONS]

Commands:
${table(commands)}
Options (or BRAMBLE_DATA_DIR and so on in the environment, or data-dir: and so on in the config file):
${table(options)}`;
}
