import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const folder = resolve(import.meta.dirname, '../../docs/decisions');
const INDEX = 'README.md';
const index = readFileSync(join(folder, INDEX), 'utf8');
const ROW = /^\| \[(\d{4})\]\(([^)]+)\) \| (.+) \| (.+) \| (.+) \|$/gm;

const rows = [...index.matchAll(ROW)].map(([, number = '', file = '', title = '', status = '', sentence = '']) => ({
  number,
  file,
  title,
  status,
  sentence,
}));
const pages = readdirSync(folder)
  .filter((name) => name.endsWith('.md') && name !== INDEX)
  .sort();

describe('docs/decisions/README.md', () => {
  it('has one row for each decision in the folder, in order, and no other', () => {
    expect(rows.map((row) => row.file)).toEqual(pages);
  });

  it.each(rows)('says of $file what the page itself says: number, title and status', ({ file, ...row }) => {
    const page = readFileSync(join(folder, file), 'utf8');
    const [, number, title] = /^# (\d{4}):? (.+)$/m.exec(page) ?? [];
    const [, status] = /^Status: (\w+)/m.exec(page) ?? [];
    expect(file.startsWith(`${row.number}-`)).toBe(true);
    expect({ number, title, status }).toEqual({ number: row.number, title: row.title, status: row.status });
  });

  it('tells every decision in one sentence', () => {
    for (const { file, sentence } of rows) expect(sentence, file).toMatch(/^[^.].*\.$/);
  });

  it('names every number that has no page, and says why', () => {
    const [, said = ''] = /^The numbers (.+) have no page: .+\.$/m.exec(index) ?? [];
    const taken = new Set(pages.map((name) => Number(name.slice(0, 4))));
    const missing = Array.from({ length: Math.max(...taken) }, (_, at) => at + 1).filter(
      (number) => !taken.has(number),
    );
    expect(said.split(', ').map(Number)).toEqual(missing);
  });
});
