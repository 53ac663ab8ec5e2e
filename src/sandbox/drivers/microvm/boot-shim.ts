import { BootEnded } from '../../../contract/boot-ended.ts';
import type { SandboxSpec } from '../../../contract/driver.ts';
import { SandboxError } from '../../../contract/sandbox-error.ts';
import { bootOutput } from '../../../host/launch/boot-output.ts';
import { withinInit } from '../../../host/launch/within-init.ts';
import type { GuestControl } from '../../../microvm/guest-control.ts';
import type { GuestStreams } from '../../../microvm/vmm.ts';
import { exitOfGuest } from './microvm-box.ts';
import type { bootMessage } from './microvm-machine.ts';
import type { MicrovmParts } from './microvm-parts.ts';

/** How long the exit of a process is waited for after its connection broke. */
const LAST_WORDS_WAIT_MS = 500;

export interface BootingGuest {
  parts: MicrovmParts;
  control: GuestControl;
  streams: GuestStreams;
  /** What the runtime may take by itself once its program runs, in ms. */
  runtimeMs: number;
}

/**
 * Boots the shim of a guest. Resolves when it has said hello. Rejects with BootEnded when the shim ended first, or when the function's own
 * doing keeps it from connecting.
 */
export async function bootShim(
  { parts, control, streams, runtimeMs }: BootingGuest,
  spec: SandboxSpec,
  message: ReturnType<typeof bootMessage>,
  signal: AbortSignal,
): Promise<void> {
  const output = () => bootOutput(streams);
  let isReady = false;
  const ended = control.exited.then(async (exit) => {
    // Later its output is the guard's to read.
    throw new BootEnded(exitOfGuest(exit), isReady ? { stdout: '', stderr: '' } : await output());
  });
  ended.catch(() => undefined);
  const ready = orItsEnd(parts, control.boot(message, signal));
  ready.catch(() => undefined);
  const connected = Promise.race([ended, ready]);
  // The guest's own boot, however slow, is no time of the function's.
  await Promise.race([control.started, connected]);
  await withinInit(spec, connected, output, runtimeMs);
  isReady = true;
}

/** Resolves with the guest's answer. Rejects with the reason, and with the last output of the machine. */
export async function orItsEnd(parts: MicrovmParts, asked: Promise<void>): Promise<void> {
  const vm = parts.vm!;
  const ended = vm.exited.then((exit) => {
    throw new SandboxError('sandbox_start_failed', `the monitor ended (${exit.cause}): ${vm.lastWords().trim()}`);
  });
  ended.catch(() => undefined);
  asked.catch(() => undefined);
  try {
    await Promise.race([asked, ended]);
  } catch (error) {
    // A broken connection is most often the first sign of an end; the end itself says more.
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, LAST_WORDS_WAIT_MS))]);
    throw error;
  }
}
