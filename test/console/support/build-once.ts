import { buildConsole } from '../../../scripts/build-console.ts';

/** Before the first console test: two files that began at once would build it twice, each into the other's way. */
export default async function buildOnce(): Promise<void> {
  await buildConsole();
}
