import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ISOLATIONS, type Isolation } from '../../../src/domain/names.ts';
import type { Observation, Verdict } from './observe.ts';
import { PROBE_GROUPS, PROBES } from './probe-table.ts';

const PAGE = resolve(import.meta.dirname, '../../../docs/threat-model.md');
const BETWEEN = /(<!-- escapes:start -->\n)([\s\S]*?)(<!-- escapes:end -->)/;
/** In a column of an isolation that the suite has not run under yet. */
export const NOT_SEEN = '–';
const CELLS: Record<Verdict, string> = {
  fenced: 'fenced',
  open: '**open**',
  'own kernel': 'own kernel',
  'not offered': 'not offered',
};

export type Cells = Map<string, Partial<Record<Isolation, string>>>;

export function readPage(): string {
  return readFileSync(PAGE, 'utf8');
}

export function cellOf(verdict: Verdict): string {
  return CELLS[verdict];
}

/** What the page says now, by probe and isolation. */
export function cellsOf(page: string): Cells {
  const cells: Cells = new Map();
  for (const line of (BETWEEN.exec(page)?.[2] ?? '').split('\n')) {
    const [tries, ...columns] = line
      .split('|')
      .slice(1, -1)
      .map((one) => one.trim());
    const probe = PROBES.find((one) => one.tries === tries);
    if (probe === undefined) continue;
    cells.set(probe.id, Object.fromEntries(ISOLATIONS.map((isolation, at) => [isolation, columns[at]])));
  }
  return cells;
}

/** The page with the columns of the isolations that were run replaced; the others keep what was seen before. */
export function withObservations(page: string, seen: ReadonlyMap<Isolation, Map<string, Observation>>): string {
  const known = cellsOf(page);
  const cell = (id: string, isolation: Isolation): string => {
    const verdict = seen.get(isolation)?.get(id)?.verdict;
    return verdict === undefined ? (known.get(id)?.[isolation] ?? NOT_SEEN) : cellOf(verdict);
  };
  const rows = PROBE_GROUPS.flatMap((group) => [
    `| *${group}* |${' |'.repeat(ISOLATIONS.length)}`,
    ...PROBES.filter((probe) => probe.group === group).map(
      ({ id, tries }) => `| ${tries} | ${ISOLATIONS.map((isolation) => cell(id, isolation)).join(' | ')} |`,
    ),
  ]);
  const head = [`| a function tries to | ${ISOLATIONS.join(' | ')} |`, `|---|${'---|'.repeat(ISOLATIONS.length)}`];
  const text = ['', ...head, ...rows, '', 'Why it is open where it is:', '', ...reasons(), ''].join('\n');
  return page.replace(BETWEEN, (_, start: string, _old: string, end: string) => `${start}${text}\n${end}`);
}

function reasons(): string[] {
  const byReason = new Map<string, string[]>();
  for (const { tries, open } of PROBES)
    for (const [isolation, reason] of Object.entries(open ?? {})) {
      const key = `${isolation}: ${reason}`;
      byReason.set(key, [...(byReason.get(key) ?? []), tries]);
    }
  return [...byReason].map(([reason, tried]) => `- **${reason}** — ${tried.join('; ')}.`);
}
