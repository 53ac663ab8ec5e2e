import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
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

  it('the walk of one call follows the imports: each step reaches the next, or is joined to it by main.ts', () => {
    const joined = reachable('src/main.ts');
    const steps = walk('call').filter((file) => file.endsWith('.ts'));
    expect(steps.filter((file) => !joined.has(file))).toEqual([]);
    expect(reachable('src/http/console-server.ts')).toContain('src/http/calls/invoke-endpoint.ts');
    expect(reachable('src/invoke/invoke.ts')).toContain('src/invoke/attempt.ts');
    expect(reachable('src/invoke/attempt.ts')).toContain('src/invoke/outcome/ending.ts');
    expect(reachable('src/sandbox/guard/guarded-driver.ts')).toContain('src/sandbox/wire/frame-channel.ts');
  });

  it('names every room of src/', () => {
    const rooms = [
      'domain',
      'errors',
      'config',
      'http',
      'invoke',
      'pool',
      'catalog',
      'packages',
      'auth',
      'records',
      'store',
      'telemetry',
      'client',
      'cli',
    ];
    expect(rooms.filter((room) => !text.includes(`src/${room}`))).toEqual([]);
  });
});
