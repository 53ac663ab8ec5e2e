import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { LIMITS, MIB } from '../../../domain/limits.ts';
import { until } from '../../conformance/sandbox-rig.ts';
import { OutputBuffer, SandboxOutput } from './attempt-output.ts';
import { LINES_MAX } from './line-splitter.ts';
import { PauseClock } from './pause-clock.ts';

const texts = (buffer: OutputBuffer): string[] => buffer.take().lines.map((line) => line.text);

test('lines are cut at newlines, a last one without newline is kept, empty lines too', () => {
  const buffer = new OutputBuffer();
  buffer.add('stdout', Buffer.from('a\n\nb'));
  buffer.add('stdout', Buffer.from('c\nlast'));
  expect(texts(buffer)).toEqual(['a', '', 'bc', 'last']);
  expect(buffer.take()).toEqual({ lines: [], truncated: false });
});

test('two streams keep their own half lines and the order of their ends', () => {
  const buffer = new OutputBuffer();
  buffer.add('stdout', Buffer.from('out'));
  buffer.add('stderr', Buffer.from('err\n'));
  buffer.add('stdout', Buffer.from('put\n'));
  const { lines } = buffer.take();
  expect(lines.map((line) => [line.stream, line.text])).toEqual([
    ['stderr', 'err'],
    ['stdout', 'output'],
  ]);
  expect(lines[0]?.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('a character cut between two reads is whole again, and bytes that are no UTF-8 are replaced', () => {
  const buffer = new OutputBuffer();
  const euro = Buffer.from('€\n');
  buffer.add('stdout', euro.subarray(0, 1));
  buffer.add('stdout', euro.subarray(1));
  buffer.add('stdout', Buffer.from([0xff, 0xfe, 0x0a]));
  expect(texts(buffer)).toEqual(['€', '\ufffd\ufffd']);
});

test('256 KiB are kept and the cut is marked; exactly 256 KiB are no cut', () => {
  const full = new OutputBuffer();
  full.add('stdout', Buffer.alloc(LIMITS.logsPerAttemptMaxBytes, 'x'));
  expect(full.take()).toMatchObject({ truncated: false, lines: [{ text: expect.any(String) }] });
  full.add('stdout', Buffer.alloc(LIMITS.logsPerAttemptMaxBytes, 'x'));
  full.add('stderr', Buffer.from('y'));
  const cut = full.take();
  expect(cut.truncated).toBe(true);
  expect(cut.lines[0]?.text).toHaveLength(LIMITS.logsPerAttemptMaxBytes);
  expect(cut.lines).toHaveLength(1);
});

test('I10: bare newlines do not become objects without bound', () => {
  const buffer = new OutputBuffer();
  buffer.add('stdout', Buffer.alloc(100_000, '\n'));
  const logs = buffer.take();
  expect(logs.lines).toHaveLength(LINES_MAX);
  expect(logs.truncated).toBe(true);
});

test('I10: output written byte by byte is kept whole in few pieces', () => {
  const buffer = new OutputBuffer();
  for (let index = 0; index < 20_000; index += 1) buffer.add('stdout', Buffer.from('z'));
  expect(buffer.take().lines).toEqual([expect.objectContaining({ text: 'z'.repeat(20_000) })]);
});

test('above 1 MiB a second the readers are paused, and go on later', async () => {
  const stdout = new PassThrough({ highWaterMark: 16 * MIB });
  const output = new SandboxOutput(stdout, new PassThrough(), new PauseClock());
  for (let index = 0; index < 20; index += 1) stdout.write(Buffer.alloc(64 * 1024, 'x'));
  await until('the reader is paused', () => stdout.isPaused());
  expect(stdout.readableLength).toBeGreaterThan(0);
  await until('the reader goes on', () => !stdout.isPaused() && stdout.readableLength === 0);
  output.close();
});

test('a drain reads what is there at once, above the rate without keeping it', async () => {
  const stdout = new PassThrough({ highWaterMark: 16 * MIB });
  const output = new SandboxOutput(stdout, new PassThrough(), new PauseClock());
  for (let index = 0; index < 20; index += 1) stdout.write(Buffer.alloc(64 * 1024, 'x'));
  await until('the reader is paused', () => stdout.isPaused());
  output.beginDrain();
  await new Promise((resolve) => setImmediate(resolve));
  expect(stdout.readableLength).toBe(0);
  expect(output.endDrain(null).truncated).toBe(true);
  output.close();
});

test('I10: a flood is read no further than the pipes’ size when a result has come, and the pause is counted', async () => {
  const stdout = new PassThrough({ highWaterMark: 64 * MIB });
  const pauses = new PauseClock();
  const output = new SandboxOutput(stdout, new PassThrough(), pauses);
  const floodBytes = 16 * MIB;
  for (let bytes = 0; bytes < floodBytes; bytes += 64 * 1024) stdout.write(Buffer.alloc(64 * 1024, 'x'));
  await until('the reader is paused', () => stdout.isPaused());
  for (let result = 0; result < 4; result += 1) {
    output.beginDrain();
    const beforeBytes = stdout.readableLength;
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(beforeBytes - stdout.readableLength).toBeLessThanOrEqual(256 * 1024 + 2 * 64 * 1024);
    expect(output.endDrain(null).truncated).toBe(true);
  }
  expect(stdout.isPaused()).toBe(true);
  expect(pauses.totalMs).toBeGreaterThan(0);
  output.close();
  const endedMs = pauses.totalMs;
  await new Promise((resolve) => setImmediate(resolve));
  expect(pauses.totalMs).toBe(endedMs);
});

test('a pipe that breaks throws nowhere', () => {
  const stdout = new PassThrough();
  const output = new SandboxOutput(stdout, new PassThrough(), new PauseClock());
  expect(() => stdout.emit('error', new Error('EIO'))).not.toThrow();
  output.close();
});
