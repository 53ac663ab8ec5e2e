import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CodeRef } from '../../contract/driver.ts';
import { guardDriver } from '../guard/guarded-driver.ts';
import { type ConformanceFactory, type ConformanceSubject, skipUnlessRequired } from './driver-conformance.ts';
import { FixtureTrees } from './fixture-trees.ts';
import { call, NEVER, setSlowness, settingsOf, specOf } from './sandbox-rig.ts';

/** An emulated guest that shares its processor with others; the claim is about what clones draw, not how fast. */
const LOAD_MS = 60_000;
/** Alive at once, so that what only a neighbour's end would free is not shared unseen. */
const ALIVE_AT_ONCE = 2;
/** Where clones are emulated twice over, a test of them takes half an hour. */
const TOLD_EVERY = 20;

const PYTHON = `
import os, random, secrets, ssl, tempfile, uuid
AT_IMPORT = random.random()

def handler(event, context):
    return {
        "urandom": os.urandom(16).hex(), "random at import": AT_IMPORT, "random": random.random(), "secrets": secrets.token_hex(),
        "uuid4": str(uuid.uuid4()), "ssl": ssl.RAND_bytes(16).hex(), "temporary name": tempfile.mktemp(),
    }
`;
const NODE = `
import crypto from 'node:crypto';
import { mkdtempSync } from 'node:fs';
const atImport = Math.random();

export const handler = async () => ({
  'random at import': atImport, random: Math.random(), randomUUID: crypto.randomUUID(),
  randomBytes: crypto.randomBytes(16).toString('hex'), randomInt: crypto.randomInt(2 ** 47),
  'web crypto': Buffer.from(globalThis.crypto.getRandomValues(new Uint8Array(16))).toString('hex'),
  'session key': crypto.generateKeySync('hmac', { length: 256 }).export().toString('hex'),
  'temporary name': mkdtempSync('/tmp/x-'),
});
`;
const LANGUAGES = [
  ['python3.11', { 'index.py': PYTHON }],
  ['nodejs24', { 'index.mjs': NODE }],
] as const;

/**
 * For tests: restores `clones` sandboxes per language from one snapshot and compares the first value each draws from every
 * source of randomness a function has. Skips like the conformance suite.
 */
export function describeCloneUniqueness(
  name: string,
  factory: ConformanceFactory,
  options: { clones: number; timeoutMs: number; slowness?: number },
): void {
  const isRequired = (process.env.COLDFRAME_REQUIRE ?? '').split(',').includes(name);
  describe(`${name}: what ${options.clones} clones of one snapshot draw`, () => {
    const trees = new FixtureTrees();
    let subject: ConformanceSubject | null = null;
    let guard: ReturnType<typeof guardDriver> | null = null;
    let unavailable = 'the set-up failed';

    beforeAll(async () => {
      setSlowness(options.slowness ?? 1);
      const made = await factory();
      if ('unavailable' in made) {
        unavailable = made.unavailable;
        return;
      }
      subject = made;
      guard = guardDriver(made.driver, { onEvent() {} });
      const probe = await guard.probe();
      unavailable = probe.state === 'usable' ? '' : `${probe.state}: ${probe.detail}`;
      if (unavailable === '') await guard.start(NEVER);
    }, options.timeoutMs);

    afterAll(
      async () => {
        await guard?.stop();
        await subject?.close?.();
        await trees.remove();
      },
      60_000 * (options.slowness ?? 1),
    );

    for (const [runtime, files] of LANGUAGES) {
      test(`is different in every one (${runtime})`, { timeout: options.timeoutMs }, async (context) => {
        if (guard === null || unavailable !== '') return skipUnlessRequired(context, unavailable, isRequired);
        const code = trees.source({ ...files });
        const drawn = new Map<string, unknown[]>();
        for (let made = 0; made < options.clones; made += ALIVE_AT_ONCE) {
          const count = Math.min(ALIVE_AT_ONCE, options.clones - made);
          for (const values of await Promise.all(Array.from({ length: count }, () => drawInClone(runtime, code)))) {
            for (const [source, value] of Object.entries(values))
              drawn.set(source, [...(drawn.get(source) ?? []), value]);
          }
          if ((made + count) % TOLD_EVERY === 0) await context.annotate(`${made + count} of ${options.clones} clones`);
        }
        expect(drawn.size).toBeGreaterThan(6);
        for (const [source, values] of drawn) {
          expect(values, source).toHaveLength(options.clones);
          expect(new Set(values).size, source).toBe(options.clones);
        }
      });
    }

    async function drawInClone(runtime: 'python3.11' | 'nodejs24', code: CodeRef): Promise<Record<string, unknown>> {
      const sandbox = await guard!.create(specOf({ runtime, ...subject!.spec }), NEVER);
      const load = await sandbox.load(code, settingsOf({ initTimeoutMs: LOAD_MS }), NEVER);
      if (load.kind !== 'loaded') throw new Error(`did not load: ${JSON.stringify(load)}`);
      const { value } = await call(sandbox, {}, { timeoutMs: LOAD_MS });
      await sandbox.destroy('drawn');
      return value as Record<string, unknown>;
    }
  });
}
