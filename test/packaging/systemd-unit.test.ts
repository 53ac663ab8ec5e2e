import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { SETTINGS } from '../../src/config/config.ts';

const unit = readFileSync(resolve(import.meta.dirname, '../../deploy/systemd/coldframe.service'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'coldframe-unit-'));
const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('the unit sets known settings, and gives a stop longer than calls in flight may take', () => {
  const known = new Set<string>(SETTINGS.map((setting) => setting.variable));
  for (const [, variable = ''] of unit.matchAll(/^Environment=(\w+)=/gm)) expect(known).toContain(variable);
  expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).toBeGreaterThan(30);
  expect(unit).toMatch(/^ExecStart=\/\S+ up$/m);
  expect(unit).toMatch(/^Delegate=yes$/m);
});

it.skipIf(!hasAnalyze)('systemd takes every line of the unit (needs systemd-analyze)', () => {
  const path = join(folder, 'coldframe.service');
  writeFileSync(path, unit.replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true'));
  const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' });
  expect(`${stdout}${stderr}`.split('\n').filter((line) => line.includes('coldframe.service'))).toEqual([]);
});
