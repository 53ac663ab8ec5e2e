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

/** Lines by which systemd gives a service a mount namespace, from systemd.exec(5) and systemd.resource-control(5). */
const MAKES_MOUNT_NAMESPACE =
  /^(?:Protect(?:Home|System|ControlGroups|KernelTunables|KernelModules|KernelLogs|Clock|Proc|Hostname)|Private(?:Tmp|Devices|Mounts|Users|IPC|PIDs)|ProcSubset|(?:ReadWrite|ReadOnly|Inaccessible|Exec|NoExec)Paths|TemporaryFileSystem|Bind(?:ReadOnly)?Paths|Root(?:Directory|Image|Hash|Verity|Ephemeral).*|Mount(?:APIVFS|Images|Flags)|(?:Mount|Extension)Images|ExtensionDirectories|DynamicUser|LoadCredential.*|SetCredential.*|NetworkNamespacePath|PrivateNetwork|BindLogSockets)=/m;

it('no line of the unit gives the server a mount namespace: containers must see what it mounts', () => {
  expect(unit).not.toMatch(MAKES_MOUNT_NAMESPACE);
  // The lines it had when packages were missing.
  for (const line of ['ProtectHome=read-only', 'ProtectKernelModules=yes', 'ProtectClock=yes'])
    expect(`[Service]\n${line}\n`).toMatch(MAKES_MOUNT_NAMESPACE);
});

it.skipIf(!hasAnalyze)('systemd takes every line of the unit (needs systemd-analyze)', () => {
  const path = join(folder, 'coldframe.service');
  writeFileSync(path, unit.replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true'));
  const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' });
  expect(`${stdout}${stderr}`.split('\n').filter((line) => line.includes('coldframe.service'))).toEqual([]);
});
