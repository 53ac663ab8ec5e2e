// Answers in pieces, each sent as soon as it is there. An async generator does too: `export async function* handler(event)`.
import { setTimeout as wait } from 'node:timers/promises';

export const handler = awslambda.streamifyResponse(async ({ steps = 5, pauseMs = 100 }, stream) => {
  stream.setContentType('text/plain; charset=utf-8');
  for (let step = 1; step <= steps; step++) {
    stream.write(`step ${step} of ${steps}\n`);
    await wait(pauseMs);
  }
  stream.end('done\n');
});
