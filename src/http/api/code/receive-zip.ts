import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LIMITS } from '../../../domain/limits.ts';
import { ColdframeError } from '../../../errors/coldframe-error.ts';

/** Streams an upload to disk, hands its path to `use`, and removes it whatever happens. Throws `payload_too_large`. */
export async function withReceivedZip<T>(
  body: IncomingMessage,
  uploadDir: string,
  use: (zipPath: string) => Promise<T>,
): Promise<T> {
  if (Number(body.headers['content-length'] ?? 0) > LIMITS.zipMaxBytes) throw new ColdframeError('payload_too_large');
  await mkdir(uploadDir, { recursive: true, mode: 0o700 });
  const zipPath = join(uploadDir, `${randomUUID()}.zip`);
  try {
    await receive(body, zipPath);
    return await use(zipPath);
  } finally {
    await rm(zipPath, { force: true });
  }
}

async function receive(body: IncomingMessage, zipPath: string): Promise<void> {
  try {
    // An iterator that does not destroy its source keeps the request alive on failure, so a refusal can still be
    // answered.
    await pipeline(
      body.iterator({ destroyOnReturn: false }),
      boundedTo(LIMITS.zipMaxBytes),
      createWriteStream(zipPath, { mode: 0o600 }),
    );
  } catch (error) {
    throw mapped(error as NodeJS.ErrnoException);
  }
}

function boundedTo(maxBytes: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > maxBytes) done(new ColdframeError('payload_too_large'));
      else done(null, chunk);
    },
  });
}

function mapped(error: NodeJS.ErrnoException): Error {
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return new ColdframeError('storage_full', { cause: error });
  if (error.code === 'EROFS') return new ColdframeError('storage_read_only', { cause: error });
  if (error.code === 'ECONNRESET') return new ColdframeError('bad_http', { cause: error });
  return error;
}
