// Slow on purpose, to learn from its waterfall: work outside the handler is the import, paid once per sandbox; work inside
// it is paid on every call. Its timeout is one second, and the event `too-slow` takes longer.
import { setTimeout as wait } from 'node:timers/promises';

const IMPORT_MS = 150;
spend(IMPORT_MS);

export const handler = async ({ busyMs = 50, waitMs = 100 }, context) => {
  console.log(`${context.getRemainingTimeInMillis()} ms left; computing for ${busyMs} ms (counts as CPU)`);
  spend(busyMs);
  console.log(`waiting for ${waitMs} ms (costs no CPU)`);
  await wait(waitMs);
  return { busyMs, waitMs };
};

function spend(ms) {
  const endAtMs = performance.now() + ms;
  while (performance.now() < endAtMs);
}
