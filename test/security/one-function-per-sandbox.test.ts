import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isEnforced, PREPARE_TIMEOUT_MS, requireIsolation, TESTED_ISOLATIONS } from '../support/require-isolation.ts';
import { TestServer } from '../support/test-server.ts';

const CALLS = 200;
const CALLERS = 4;
/** Says who it is, keeps a trace in the process and on the disk, and misbehaves when told to. */
const speaker = (who: string): string => `
import { readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
const seen = (globalThis.seen ??= []);
export const handler = async (event) => {
  seen.push('${who}');
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith('trace-'));
  writeFileSync(tmpdir() + '/trace-${who}', 'x');
  if (event.do === 'spin') for (;;);
  if (event.do === 'die') process.kill(process.pid, 'SIGKILL');
  if (event.do === 'allocate') for (const kept = []; ; ) kept.push(Buffer.alloc(8 << 20, 1));
  return { who: '${who}', seen: [...new Set(seen)], traces: before };
};`;
const MISBEHAVIOURS = [
  { what: 'spin', status: 504 },
  { what: 'die', status: 502 },
  { what: 'allocate', status: 502 },
] as const;

interface Spoken {
  who: string;
  seen: string[];
  traces: string[];
}

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, PREPARE_TIMEOUT_MS);
afterAll(() => server.stop());

async function sandboxOf(reply: { headers: Headers }): Promise<string> {
  const record = await server.record(reply.headers.get('coldframe-invocation-id') ?? '');
  return String(record.attempts[0]?.sandboxId);
}

describe.each(TESTED_ISOLATIONS)('under %s', (isolation) => {
  const settings = { isolation, timeoutMs: 5_000, maxConcurrency: 2, memoryMib: 128, diskMib: 32 };

  it('I3: calls of two functions and of their new revisions never meet in a sandbox', {
    timeout: PREPARE_TIMEOUT_MS,
  }, async (context) => {
    await requireIsolation(server, isolation, context);
    const names = [`red-${isolation}`, `blue-${isolation}`];
    for (const name of names) await server.deploy(name, 'nodejs', speaker(name), settings);
    const sandboxes = new Map<string, Set<string>>();
    let sent = 0;
    const caller = async (): Promise<void> => {
      while (sent < CALLS) {
        const call = sent++;
        const name = names[call % 2] ?? '';
        if (call === CALLS / 2)
          await server.api('PUT', `/functions/${names[0]}/code`, { source: speaker(`${names[0]}-second`) });
        const reply = await server.invoke<Spoken>(name);
        expect([reply.status, reply.status === 200 ? '' : reply.text]).toEqual([200, '']);
        expect(reply.body.seen).toEqual([reply.body.who]);
        expect(reply.body.who).toMatch(new RegExp(`^${name}(-second)?$`));
        expect([[], [`trace-${reply.body.who}`]]).toContainEqual(reply.body.traces);
        const id = reply.headers.get('coldframe-invocation-id') ?? '';
        sandboxes.set(reply.body.who, (sandboxes.get(reply.body.who) ?? new Set()).add(id));
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));

    expect([...sandboxes.keys()].sort()).toEqual([names[1], names[0], `${names[0]}-second`]);
    const bySandbox = new Map<string, string>();
    for (const [who, ids] of sandboxes)
      for (const id of ids) {
        const sandboxId = String((await server.record(id)).attempts[0]?.sandboxId);
        expect([sandboxId, bySandbox.get(sandboxId) ?? who]).toEqual([sandboxId, who]);
        bySandbox.set(sandboxId, who);
      }
  });

  it.for(MISBEHAVIOURS)(
    'I2: after $what the sandbox serves nothing new',
    { timeout: PREPARE_TIMEOUT_MS },
    async ({ what, status }, context) => {
      await requireIsolation(server, isolation, context);
      if (what === 'allocate' && !(await isEnforced(server, isolation, 'memory')))
        return context.skip('needs cgroups: memory is unenforced here');
      const name = `once-${what}-${isolation}`;
      const timeoutMs = what === 'spin' ? 500 : 20_000;
      await server.deploy(name, 'nodejs', speaker(name), { ...settings, timeoutMs, maxConcurrency: 1 });
      await server.invoke(name);
      const bad = await server.invoke(name, { do: what });
      expect([bad.status, bad.text]).toEqual([status, expect.any(String)]);
      const next = await server.invoke<Spoken>(name);
      expect([next.status, next.headers.get('coldframe-start')]).toEqual([
        200,
        expect.stringMatching(/^(cold|claimed)$/),
      ]);
      expect(await sandboxOf(next)).not.toBe(await sandboxOf(bad));
    },
  );
});
