import { NO_REPLY } from '../drivers/memory/memory-call.ts';
import type { MemoryCall } from '../drivers/memory/memory-module.ts';

/** A handler for the memory driver whose calls arrive and stay open until the test answers them; newest last. */
export function parkedCalls() {
  const parked: MemoryCall[] = [];
  const park = (_event: Uint8Array, call: MemoryCall): unknown => {
    parked.push(call);
    return NO_REPLY;
  };
  return { parked, park };
}
