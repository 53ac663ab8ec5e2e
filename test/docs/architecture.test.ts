import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, normalize, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const { MAY_IMPORT } = createRequire(import.meta.url)(join(root, '.dependency-cruiser.cjs')) as {
  MAY_IMPORT: Record<string, string[]>;
};
const text = readFileSync(join(root, 'docs/architecture.md'), 'utf8');

function walk(name: string): string[] {
  const section = new RegExp(`<!-- walk: ${name} -->([\\s\\S]*?)<!-- walk: end -->`).exec(text)?.[1] ?? '';
  return [...section.matchAll(/`((?:src|runtimes)\/[^`\s]*)`/g)].map((match) => match[1] ?? '');
}

/** Every file reachable from one by imports of values or types. */
function reachable(from: string): Set<string> {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file) || !existsSync(join(root, file))) return;
    seen.add(file);
    for (const [, path] of readFileSync(join(root, file), 'utf8').matchAll(/from '(\.[^']+\.ts)'/g))
      visit(normalize(join(dirname(file), path ?? '')));
  };
  visit(from);
  return seen;
}

describe('docs/architecture.md', () => {
  it.each(['call', 'deploy', 'log'])('every file on the walk of one %s exists', (name) => {
    const files = walk(name);
    expect(files.length).toBeGreaterThan(3);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it('the walk of one call goes in the order of the imports, and main.ts joins all of it', () => {
    const steps = walk('call').filter((file) => file.endsWith('.ts'));
    const joined = reachable('src/main.ts');
    expect(steps.filter((file) => !joined.has(file))).toEqual([]);
    expect(reachable('src/http/console-server.ts')).toContain('src/http/calls/invoke-endpoint.ts');
    expect(reachable('src/invoke/invoke.ts')).toContain('src/invoke/attempt.ts');
    expect(reachable('src/invoke/attempt.ts')).toContain('src/invoke/outcome/ending.ts');
    expect(reachable('src/sandbox/guard/guarded-driver.ts')).toContain('src/sandbox/wire/frame-channel.ts');
    // A step may import the one before it only as a help that an earlier step imports as well.
    const turnsBack = steps.flatMap((file, at) => {
      const before = steps[at - 1];
      if (before === undefined || !reachable(file).has(before)) return [];
      const isShared = steps.slice(0, at - 1).some((one) => reachable(one).has(before) && reachable(one).has(file));
      return isShared ? [] : [`${file} imports ${before}`];
    });
    expect(turnsBack).toEqual([]);
  });

  it('lists every room of src/, no other, and from the bottom up', () => {
    const listed = roomsListed();
    const present = readdirSync(join(root, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    expect([...new Set(listed.map((room) => room.split('/')[0]))].sort()).toEqual(present.sort());
    expect(listed).toEqual(expect.arrayContaining(Object.keys(MAY_IMPORT)));
    const upwards = listed.flatMap((room, at) =>
      (MAY_IMPORT[room] ?? [])
        .filter((other) => !listed.slice(0, at).includes(other))
        .map((other) => `${room}: ${other}`),
    );
    expect(upwards).toEqual([]);
  });
});

/** The rooms of the code map, as the page lists them. */
function roomsListed(): string[] {
  const map = text.slice(text.indexOf('## Code map'));
  const rows = map.split('\n').filter((line) => line.startsWith('| src/'));
  return rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/src\/([\w/]+)(?![\w./])/g)].map(([, room]) => room ?? ''),
  );
}
