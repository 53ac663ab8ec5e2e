import type { Readable } from 'node:stream';
import type { BootOutput } from '../../contract/boot-ended.ts';

/** How much of each stream is kept, in bytes. */
const KEPT_MAX_BYTES = 8 * 1024;

/** What a program printed before its shim connected, from streams that nobody reads yet. Taken once what it had written can be read. */
export async function bootOutput(streams: { stdout: Readable; stderr: Readable }): Promise<BootOutput> {
  for (const stream of [streams.stdout, streams.stderr]) stream.read(0);
  await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
  return { stdout: read(streams.stdout), stderr: read(streams.stderr) };
}

function read(stream: Readable): string {
  const printed: Buffer | null = stream.read();
  return printed === null ? '' : printed.toString('utf8', 0, KEPT_MAX_BYTES).trim();
}
