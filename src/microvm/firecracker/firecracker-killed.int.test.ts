import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from 'vitest';
import { HostRig } from '../../host/host-rig.ts';
import { reapHost } from '../../host/reap-host.ts';
import { hostTraces, processes } from '../../sandbox/conformance/host-traces.ts';
import { until } from '../../sandbox/conformance/sandbox-rig.ts';
import { GUEST_PORTS } from '../guest-protocol.ts';
import { whyNoDescription } from './testing/api-description.ts';
import { readHangups } from './testing/fake-program.ts';

const NEVER = new AbortController().signal;
const MEMORY_FILES = '/dev/shm';
const reason = whyNoDescription() ?? (process.getuid?.() === 0 ? null : 'needs root');
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function temporary(place: string): string {
  const directory = mkdtempSync(join(place, 'cfk-'));
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

describe.skipIf(reason !== null)(`a server killed with monitors alive (${reason ?? 'scripted'})`, () => {
  test('I5: the next life ends them, one that never answered too, unmounts what jails show, and leaves no file', async () => {
    const [directory, runDir, elsewhere] = [temporary(tmpdir()), temporary(tmpdir()), temporary(MEMORY_FILES)];
    expect(statSync(elsewhere).dev).not.toBe(statSync(runDir).dev);
    writeFileSync(join(elsewhere, 'image'), 'image');
    const [instance, mark] = [randomBytes(6).toString('hex'), randomBytes(3).toString('hex')];
    const killed = `e${mark}1`;
    const next = new HostRig({ instance, runDir, epoch: `e${mark}2` });
    cleanups.push(() => next.close());
    cleanups.push(() => reapHost(next, NEVER));

    const program = join(import.meta.dirname, 'testing/monitors-life.ts');
    const about = { directory, elsewhere: join(elsewhere, 'image'), host: { instance, runDir, epoch: killed } };
    const args = ['--disable-warning=ExperimentalWarning', program, JSON.stringify(about)];
    const life = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    cleanups.push(() => life.kill('SIGKILL'));
    const said = createInterface({ input: life.stdout })[Symbol.asyncIterator]();
    expect(await said.next(), 'it ended by itself').toMatchObject({ value: '["runs","hangs","jailed"]' });
    const monitorOf = (id: string) =>
      processes().filter(({ cmdline }) => cmdline.includes(directory) && cmdline.includes(`--id ${id} `));
    for (const id of ['runs', 'hangs']) await until(`the monitor ${id} runs`, () => monitorOf(id).length > 0);
    const ended = once(life, 'exit');
    life.kill('SIGKILL');
    await ended;
    // Both ends of its guest's ports were held by the killed life: once it has seen that, it lives on by itself.
    const ports = Object.keys(GUEST_PORTS);
    await until('the monitor that runs misses its server', () => {
      const hangups = readHangups(join(directory, 'runs'));
      return ports.every((port) => hangups.includes(port));
    });
    expect(monitorOf('runs')).not.toEqual([]);
    expect(monitorOf('hangs')).not.toEqual([]);
    expect((await hostTraces(killed)).filter((trace) => trace.startsWith('mount'))).not.toEqual([]);

    expect(await reapHost(next, NEVER)).toBeGreaterThan(0);
    for (const id of ['runs', 'hangs']) await until(`${id} is gone`, () => monitorOf(id).length === 0);
    await until('nothing is left', async () => (await hostTraces(killed)).length === 0);
    expect(readdirSync(runDir)).not.toContain(killed);
    // What was shown in a jail is unmounted, never deleted.
    expect(readdirSync(elsewhere)).toEqual(['image']);
  });
});
