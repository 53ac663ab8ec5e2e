import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const rows = readFileSync(join(root, 'docs/lambda-differences.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| What is different'))
  .map((line) => line.slice(2, -2).split(' | '));

describe('docs/lambda-differences.md', () => {
  it('gives every difference a reason and a test', () => {
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.filter((row) => row.length !== 3 || row.some((cell) => cell.trim() === ''))).toEqual([]);
  });

  it.each(rows)('%s: its test exists', (_difference, _reason, shownBy) => {
    const [, file, name] = /^`([^`]+)`: (.+)$/.exec(shownBy!.trim()) ?? [];
    expect(file).toBeDefined();
    expect(existsSync(join(root, file!))).toBe(true);
    expect(readFileSync(join(root, file!), 'utf8')).toContain(name);
  });
});
