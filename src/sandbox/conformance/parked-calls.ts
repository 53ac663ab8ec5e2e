import { afterEach } from 'vitest';
import { NO_REPLY } from '../drivers/memory/memory-call.ts';
import type { MemoryCall } from '../drivers/memory/memory-module.ts';

/** A handler for the memory driver whose calls arrive and stay open until the test answers them; newest last. Forgotten after each test. */
export function parkedCalls() {
  const parked: MemoryCall[] = [];
  afterEach(() => {
    parked.length = 0;
  });
  const park = (_event: Uint8Array, call: MemoryCall): unknown => {
    parked.push(call);
    return NO_REPLY;
  };
  return { parked, park };
}
