import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LIMITS } from '../../../domain/limits.ts';
import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { PlaceOnDisk, UploadRoom } from './upload-room.ts';

/** Streams an upload to disk, hands its path to `use`, and removes it whatever happens. Throws `payload_too_large`, `storage_full`. */
export async function withReceivedZip<T>(
  body: IncomingMessage,
  { uploadDir, room }: { uploadDir: string; room: UploadRoom },
  use: (zipPath: string) => Promise<T>,
): Promise<T> {
  const expectedBytes = Number(body.headers['content-length'] ?? 0);
  if (expectedBytes > LIMITS.zipMaxBytes) throw new ColdframeError('payload_too_large');
  await mkdir(uploadDir, { recursive: true, mode: 0o700 });
  const zipPath = join(uploadDir, `${randomUUID()}.zip`);
  const place = await room.enter(uploadDir, expectedBytes);
  try {
    await receive(body, zipPath, place);
    return await use(zipPath);
  } finally {
    place.leave();
    await rm(zipPath, { force: true });
  }
}

async function receive(body: IncomingMessage, zipPath: string, place: PlaceOnDisk): Promise<void> {
  try {
    // An iterator that does not destroy its source keeps the request alive on failure, so a refusal can still be
    // answered.
    await pipeline(
      body.iterator({ destroyOnReturn: false }),
      boundedTo(LIMITS.zipMaxBytes, place),
      createWriteStream(zipPath, { mode: 0o600 }),
    );
  } catch (error) {
    throw mapped(error as NodeJS.ErrnoException);
  }
}

function boundedTo(maxBytes: number, place: PlaceOnDisk): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > maxBytes) done(new ColdframeError('payload_too_large'));
      else
        place.grow(chunk.length).then(
          () => done(null, chunk),
          (error: Error) => done(error),
        );
    },
  });
}

function mapped(error: NodeJS.ErrnoException): Error {
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return new ColdframeError('storage_full', { cause: error });
  if (error.code === 'EROFS') return new ColdframeError('storage_read_only', { cause: error });
  if (error.code === 'ECONNRESET') return new ColdframeError('bad_http', { cause: error });
  return error;
}
