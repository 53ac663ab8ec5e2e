import { MIB } from '../../domain/limits.ts';
import { NO_REPLY, namedError } from '../../sandbox/drivers/memory/memory-call.ts';
import type { MemoryCall, MemoryModule, MemoryProcess } from '../../sandbox/drivers/memory/memory-module.ts';
import { FRAME } from '../../sandbox/wire/frame-type.ts';

const CALLS: Record<string, (call: MemoryCall) => unknown> = {
  throw: () => {
    throw namedError('TypeError', 'thrown');
  },
  claimsBadJson: () => {
    throw namedError('Runtime.UnmarshalError', 'Unable to unmarshal input');
  },
  claimsExit: () => {
    throw namedError('Runtime.ExitError', 'exit status 3');
  },
  hang: () => NO_REPLY,
  oom: (call) => call.outOfMemory(),
  exit: (call) => call.exit(3),
  signal: (call) => call.signal('SIGSEGV'),
  big: () => Buffer.alloc(7 * MIB),
  violate: (call) => call.sendFrame(FRAME.end, 0, 9_999, { us: 0 }, null),
  print: async (call) => {
    call.stdout('printed by the call\n');
    await new Promise((resolve) => setImmediate(resolve));
    return null;
  },
  stream: (call) => {
    call.chunk(Buffer.from('one,'), { contentType: 'text/csv' });
    call.chunk(Buffer.from('two'));
    return null;
  },
  streamThenExit: (call) => {
    call.chunk(Buffer.from('half'), { contentType: 'text/csv' });
    call.exit(1);
    return NO_REPLY;
  },
};
/** Scripts whose handler never answers by what it returns. */
const SILENT = ['oom', 'exit', 'signal', 'violate'];

const LOADS: Record<string, (process: MemoryProcess) => unknown> = {
  throw: () => {
    throw namedError('SyntaxError', 'import failed');
  },
  hang: () => new Promise(() => {}),
  exit: (process) => process.exit(1),
  oom: (process) => process.outOfMemory(),
  print: async (process) => {
    process.stdout('printed at import\n');
    await new Promise((resolve) => setImmediate(resolve));
  },
};

/**
 * Code that does what the event's text says (and, at import, what LOAD says); anything else answers with the hash of its
 * package, so that I3 can be checked from outside. `park` leaves the call open in `parked` and gives up when cancelled,
 * `quit` then ends the process instead.
 */
export function actingModule(sha256: string, parked: Map<string, MemoryCall>): MemoryModule {
  return {
    load: async (process) => {
      const script = process.env.LOAD ?? '';
      await LOADS[script]?.(process);
      if (script === 'exit' || script === 'oom') await new Promise(() => {});
    },
    handler: (event, call) => {
      const script = Buffer.from(event.subarray(0, 32)).toString('latin1');
      if (script === 'park') return park(call, parked);
      if (script === 'quit') return quit(call, parked);
      const act = CALLS[script];
      if (act === undefined) return sha256;
      const result = act(call);
      return SILENT.includes(script) ? NO_REPLY : result;
    },
  };
}

function park(call: MemoryCall, parked: Map<string, MemoryCall>): Promise<never> {
  parked.set(call.requestId, call);
  return new Promise((_resolve, reject) => {
    call.cancelled.addEventListener('abort', () => reject(new Error('gave up')));
  });
}

function quit(call: MemoryCall, parked: Map<string, MemoryCall>): symbol {
  parked.set(call.requestId, call);
  call.cancelled.addEventListener('abort', () => call.exit(1));
  return NO_REPLY;
}
