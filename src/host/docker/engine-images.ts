import type { Readable } from 'node:stream';
import type { CallOptions, EngineClient } from './engine-client.ts';
import { EngineError } from './engine-error.ts';
import type { EngineProgress } from './engine-types.ts';

/** Making images takes minutes on slow hosts; beyond this the daemon counts as hung. */
const IMAGE_DEADLINE_MS = 15 * 60_000;

export type OnProgress = (line: EngineProgress) => void;

/** Pulls an image. A registry that has said nothing within `firstAnswerMs` counts as unreachable. */
export async function pullImage(
  engine: EngineClient,
  reference: string,
  options: CallOptions & { firstAnswerMs: number; onProgress: OnProgress },
): Promise<void> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), options.firstAnswerMs);
  const signal = options.signal ? AbortSignal.any([options.signal, silence.signal]) : silence.signal;
  const { name, tag } = splitReference(reference);
  const query = new URLSearchParams({ fromImage: name, tag });
  try {
    await lines(engine, { path: `/images/create?${query}` }, { ...options, signal }, (line) => {
      clearTimeout(timer);
      options.onProgress(line);
    });
  } catch (error) {
    if (!silence.signal.aborted || options.signal?.aborted) throw error;
    throw new EngineError('timeout', `no registry answered for ${reference} within ${options.firstAnswerMs} ms`);
  } finally {
    clearTimeout(timer);
  }
}

/** Makes an image of one layer from a tar archive of a root file system; `changes` are Dockerfile lines (LABEL, ENV). */
export async function importImage(
  engine: EngineClient,
  reference: string,
  archive: Readable,
  options: CallOptions & { changes: string[]; onProgress: OnProgress },
): Promise<void> {
  const { name, tag } = splitReference(reference);
  const query = new URLSearchParams({ fromSrc: '-', repo: name, tag });
  for (const change of options.changes) query.append('changes', change);
  await lines(engine, { path: `/images/create?${query}`, stream: archive }, options, options.onProgress);
}

/** Builds from a tar archive with a Dockerfile in it. The steps get no network. */
export async function buildImage(
  engine: EngineClient,
  reference: string,
  context: Readable,
  options: CallOptions & { labels: Record<string, string>; onProgress: OnProgress },
): Promise<void> {
  const query = new URLSearchParams({
    t: reference,
    networkmode: 'none',
    rm: '1',
    forcerm: '1',
    labels: JSON.stringify(options.labels),
  });
  await lines(engine, { path: `/build?${query}`, stream: context }, options, options.onProgress);
}

/** Splits `name:tag`. A reference without a tag means `latest`. A colon before a slash belongs to a registry's port. */
export function splitReference(reference: string): { name: string; tag: string } {
  const colon = reference.lastIndexOf(':');
  if (colon === -1 || reference.includes('/', colon)) return { name: reference, tag: 'latest' };
  return { name: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}

async function lines(
  engine: EngineClient,
  call: { path: string; stream?: Readable },
  options: CallOptions,
  onProgress: OnProgress,
): Promise<void> {
  try {
    const path = `/v${await engine.apiVersion(options.signal)}${call.path}`;
    await engine.transport.sendForLines(
      { ...call, path, method: 'POST', deadlineMs: options.deadlineMs ?? IMAGE_DEADLINE_MS, signal: options.signal },
      onProgress,
    );
  } finally {
    call.stream?.destroy();
  }
}
