import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, release, totalmem } from 'node:os';
import { join } from 'node:path';

/** One measured figure beside its target; `ratio` is ours to the control of the same run. */
export interface Row {
  id: string;
  what: string;
  value: string;
  control?: string;
  ratio?: string;
  floor: string;
  aim: string;
  met: boolean | null;
}

/** Prints the table with the machine's facts and keeps it as JSON under bench/results/. */
export function report(scenario: string, rows: Row[], detail: unknown): void {
  const facts = machineFacts();
  process.stdout.write(
    `\n${scenario}: ${Object.entries(facts)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}\n`,
  );
  const table = rows.map((row) => ({
    '#': row.id,
    what: row.what,
    ours: row.value,
    control: row.control ?? '',
    ratio: row.ratio ?? '',
    floor: row.floor,
    aim: row.aim,
    floorMet: row.met === null ? '' : row.met ? 'yes' : 'NO',
  }));
  printTable(table);
  const folder = join(import.meta.dirname, '..', 'results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, `${scenario}.json`),
    JSON.stringify({ scenario, at: new Date().toISOString(), facts, rows, detail }, null, 2),
  );
}

function machineFacts(): Record<string, string> {
  return {
    cores: String(availableParallelism()),
    memoryGiB: (totalmem() / 2 ** 30).toFixed(1),
    kernel: release(),
    node: process.version,
    cgroup: readFileSync('/proc/mounts', 'utf8').includes('cgroup /sys/fs/cgroup/') ? 'v1' : 'v2',
    docker: version('docker', ['version', '--format', '{{.Server.Version}}']),
    runc: version('runc', ['--version']),
    bwrap: version('bwrap', ['--version']),
  };
}

function version(command: string, args: string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 5_000 })
      .split('\n')[0]!
      .replace(/^\D+/, '');
  } catch {
    return 'absent';
  }
}

function printTable(rows: Record<string, string>[]): void {
  const columns = Object.keys(rows[0] ?? {});
  const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: string[]) =>
    `${cells
      .map((cell, index) => cell.padEnd(widths[index]!))
      .join('  ')
      .trimEnd()}\n`;
  process.stdout.write(line(columns));
  for (const row of rows) process.stdout.write(line(columns.map((column) => row[column]!)));
}
