import { PassThrough } from 'node:stream';
import { afterEach, expect, test, vi } from 'vitest';
import { BootEnded } from '../../contract/boot-ended.ts';
import { bootOutput } from './boot-output.ts';
import { withinInit } from './within-init.ts';

const code = { sha256: '0'.repeat(64), workspaceId: 'w', path: '/nowhere', fileCount: 1 };
const never = new Promise<never>(() => {});
const said = async () => ({ stdout: 'about to spin', stderr: '' });

test('a program that its function keeps from connecting is ended with what it printed, once its time is over', async () => {
  const waiting = withinInit({ code, initTimeoutMs: 20 }, never, said, 10);
  await expect(waiting).rejects.toBeInstanceOf(BootEnded);
  await expect(waiting).rejects.toMatchObject({
    code: 'sandbox_start_failed',
    end: { cause: 'initTimeout', timeoutMs: 20 },
    output: { stdout: 'about to spin' },
  });
});

test('one that connects in time is handed on, and its own failure too', async () => {
  expect(await withinInit({ code, initTimeoutMs: 5_000 }, Promise.resolve('connected'), said)).toBe('connected');
  const failing = Promise.reject(new Error('it died'));
  await expect(withinInit({ code, initTimeoutMs: 5_000 }, failing, said)).rejects.toThrow('it died');
});

afterEach(() => {
  vi.useRealTimers();
});

test('a generic sandbox has no such time: nothing of a function is there', async () => {
  vi.useFakeTimers();
  const connecting = Promise.withResolvers<string>();
  const waiting = withinInit({ initTimeoutMs: 0 }, connecting.promise, said, 0);
  expect(vi.getTimerCount()).toBe(0);
  connecting.resolve('connected');
  expect(await waiting).toBe('connected');
});

test('output of a boot is read from streams that nobody has read yet, and cut', async () => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  stdout.write('x'.repeat(20_000));
  stderr.write('Error: no such module\n');
  expect(await bootOutput({ stdout, stderr })).toEqual({
    stdout: 'x'.repeat(8 * 1024),
    stderr: 'Error: no such module',
  });
});
