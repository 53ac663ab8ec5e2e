import type { Driver, SandboxSpec } from '../../contract/driver.ts';

const REMOVAL_DEADLINE_MS = 10_000;

/** A trial ran out of time, so it tells nothing about the isolation. */
export class SlowTrial extends Error {
  constructor(what: string) {
    super(`${what} did not end in time`);
    this.name = 'SlowTrial';
  }
}

/**
 * Boots one real box and waits for the first bytes of its shim, then destroys it. Resolves with null when that worked, else
 * with the error: a SlowTrial where it is the deadline that ended it. Its figures are small, so that it runs on a full host too.
 * How long that may take is the signal's affair.
 */
export async function tryBoot(
  driver: Pick<Driver, 'create'>,
  spec: Omit<SandboxSpec, 'from' | 'network' | 'bootEnv' | 'cpus' | 'pidsMax' | 'diskMib' | 'memoryMib'>,
  signal: AbortSignal,
): Promise<unknown> {
  const sizes = { memoryMib: 128, cpus: 1, pidsMax: 64, diskMib: 16 };
  try {
    const box = await driver.create(
      { ...spec, ...sizes, network: 'none', bootEnv: {}, from: { kind: 'image' } },
      signal,
    );
    try {
      await firstBytes(box.channel, signal);
      return null;
    } finally {
      await box.destroy(AbortSignal.timeout(REMOVAL_DEADLINE_MS));
    }
  } catch (error) {
    return signal.aborted ? new SlowTrial('a sandbox made for trial') : error;
  }
}

function firstBytes(channel: NodeJS.ReadableStream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    channel.once('data', () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    channel.once('close', () => reject(new Error('the shim closed its channel')));
    channel.resume();
  });
}
