import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { languageOf } from '../../src/domain/runtimes.ts';
import { CannotInstall, PACKAGE_GROUPS, type PackageGroup, zippedFunction } from '../support/native-packages.ts';
import { PREPARE_TIMEOUT_MS, requireIsolation, TESTED_ISOLATIONS } from '../support/require-isolation.ts';
import { ADMIN_KEY, TestServer } from '../support/test-server.ts';

const isNight = process.env.COLDFRAME_TEST_NIGHTLY === '1';
const GROUPS = PACKAGE_GROUPS.filter(({ isOrdinary }) => isNight || isOrdinary);
const GROUP_TIMEOUT_MS = 600_000;
const isRequired = (process.env.COLDFRAME_REQUIRE ?? '').split(',').includes('registry');

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, PREPARE_TIMEOUT_MS);
afterAll(() => server.stop());

/** Installed once, whatever number of isolations it is tried under. */
const zips = new Map<string, Promise<Buffer>>();
async function zipOf(group: PackageGroup, runtime: string): Promise<Buffer> {
  const known = zips.get(group.name) ?? zippedFunction(group, runtime.replace('python', ''));
  zips.set(group.name, known);
  return known;
}

describe.runIf(process.arch === 'x64').each(TESTED_ISOLATIONS)('compiled packages under %s', (isolation) => {
  for (const group of GROUPS) {
    it(`${group.name} are loaded and used`, { timeout: GROUP_TIMEOUT_MS }, async (context) => {
      await requireIsolation(server, isolation, context);
      const runtime = await runtimeUnder(isolation, group);
      let zip: Buffer;
      try {
        zip = await zipOf(group, runtime);
      } catch (error) {
        if (isRequired || !(error instanceof CannotInstall)) throw error;
        return context.skip(`needs a registry of packages: ${error.message}`);
      }
      const name = `native-${isolation}-${GROUPS.indexOf(group)}`;
      const placeholder =
        group.language === 'python' ? 'def handler(event, context): pass' : 'export const handler = 0;';
      await server.deploy(name, runtime, placeholder, { isolation, memoryMib: 1_024, timeoutMs: 120_000 });
      const put = await fetch(`${server.url}/api/v1/functions/${name}/code`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/zip' },
        body: new Uint8Array(zip),
      });
      expect(put.status, await put.text()).toBe(200);
      const reply = await server.invoke(name, { loads: group.loads });
      expect(reply.text).toBe('{}');
      await server.api('DELETE', `/functions/${name}`);
    });
  }
});

/** The runtime of that language that sandboxes of the isolation have here. */
async function runtimeUnder(isolation: string, { language }: PackageGroup): Promise<string> {
  const { body } = await server.api<{ items: { isolation: string; runtimes: string[] }[] }>('GET', '/isolation');
  const runtimes = body.items.find((one) => one.isolation === isolation)?.runtimes ?? [];
  const runtime = runtimes.find((id) => languageOf(id as never) === language);
  if (runtime === undefined) throw new Error(`${isolation} has no ${language} here`);
  return runtime;
}
