import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { expect } from 'vitest';
import { type Bench, BOTH, type ConformanceCase, NODE, running } from './conformance-case.ts';
import { bootEnvironmentOf, processes, uidOf } from './host-traces.ts';
import { call } from './sandbox-rig.ts';

/** A module whose handler returns what `body` returns; `body` may use fs, os, net and path. */
function asking(bench: Bench, body: string): ReturnType<Bench['source']> {
  const imports = ['fs', 'os', 'net', 'path'].map((name) => `import ${name} from 'node:${name}';`).join('\n');
  return bench.source({ 'index.mjs': `${imports}\nexport const handler = async (event) => { ${body} };` });
}

/** What a sandbox may see and touch. */
export const FenceCases: ConformanceCase[] = [
  {
    name: 'env-after-load',
    guarantee: 'I3: the function sees its own variables, none was there at boot, and nothing of the platform is left',
    languages: BOTH,
    async run(bench) {
      const sandbox = await running(bench, 'env', { env: { STAGE: 'dev', TOKEN: 's3cret-value' } });
      const env = (await call(sandbox, {})).value as Record<string, string>;
      expect(env).toMatchObject({ STAGE: 'dev', TOKEN: 's3cret-value', TZ: ':UTC', LANG: 'en_US.UTF-8' });
      expect(Object.keys(env).filter((name) => name.startsWith('COLDFRAME_'))).toEqual([]);
      for (const { pid } of processes()) expect(bootEnvironmentOf(pid)).not.toContain('s3cret-value');
    },
  },
  {
    name: 'variables-off-command-lines',
    guarantee:
      'variables that are there at boot stand on no command line of this host, neither during the start nor later',
    languages: NODE,
    async run(bench) {
      const env = { BOOT_MARKER: `marker-${randomBytes(8).toString('hex')}` };
      const seen = new Set<string>();
      const look = () => {
        for (const { cmdline } of processes()) if (cmdline.includes(env.BOOT_MARKER)) seen.add(cmdline);
      };
      const looking = setInterval(look, 5);
      try {
        const sandbox = await running(bench, 'env', { env }, { bootEnv: env });
        expect((await call(sandbox, {})).value).toMatchObject(env);
        look();
      } finally {
        clearInterval(looking);
      }
      expect([...seen]).toEqual([]);
    },
  },
  {
    name: 'code-read-only',
    guarantee: 'code cannot be changed, added to or removed from inside',
    languages: NODE,
    needs: ['own-files'],
    async run(bench) {
      const body = `
        const root = process.env.LAMBDA_TASK_ROOT ?? '/var/task';
        const tried = {};
        const attempt = (name, act) => { try { act(); tried[name] = 'done'; } catch (error) { tried[name] = error.code; } };
        attempt('add', () => fs.writeFileSync(path.join(root, 'planted'), 'x'));
        attempt('change', () => fs.appendFileSync(path.join(root, 'index.mjs'), '//'));
        attempt('chmod', () => fs.chmodSync(path.join(root, 'index.mjs'), 0o777));
        attempt('remove', () => fs.unlinkSync(path.join(root, 'index.mjs')));
        return tried;`;
      const sandbox = await running(bench, asking(bench, body));
      const { value } = await call(sandbox, {});
      for (const code of Object.values(value as object)) expect(code).toMatch(/EROFS|EACCES|EPERM/);
    },
  },
  {
    name: 'package-links',
    guarantee: 'links of a package lead where they say, copied or mounted',
    languages: BOTH,
    needs: ['own-files'],
    async run(bench) {
      const files = {
        'index.mjs': `import { answer } from './lib/current/answer.mjs';
          import fs from 'node:fs';
          export const handler = () => [answer, fs.readlinkSync(new URL('lib/current', import.meta.url)), fs.existsSync(new URL('gone', import.meta.url))];`,
        'index.py': `import os
from lib.current.answer import answer
def handler(event, context):
    root = os.path.dirname(__file__)
    return [answer, os.readlink(os.path.join(root, 'lib/current')), os.path.exists(os.path.join(root, 'gone'))]`,
        'lib/v1/answer.mjs': 'export const answer = 42;',
        'lib/v1/answer.py': 'answer = 42',
      };
      const links = { 'lib/current': 'v1', gone: 'lib/v2' };
      const fillers = Array.from({ length: 80 }, (_, at) => [`fill/${at}.txt`, ''.padEnd(20_000, '.')] as const);
      for (const more of [[], fillers]) {
        const code = bench.source({ ...files, ...Object.fromEntries(more) }, links);
        expect((await call(await running(bench, code), {})).value, `${more.length} more`).toEqual([42, 'v1', false]);
      }
    },
  },
  {
    name: 'large-package',
    guarantee: 'a package too large to be copied at each claim is there whole, and cannot be changed',
    languages: NODE,
    needs: ['own-files'],
    async run(bench) {
      const fillers = Array.from(
        { length: 80 },
        (_, at) => [`lib/deep/${at}.txt`, `${at}`.padEnd(20_000, '.')] as const,
      );
      const source = `
        import fs from 'node:fs';
        import { answer } from './lib/answer.mjs';
        export const handler = async () => {
          const root = process.env.LAMBDA_TASK_ROOT ?? import.meta.dirname;
          const attempt = (act) => { try { act(); return 'done'; } catch (error) { return error.code; } };
          return {
            answer,
            files: fs.readdirSync(root + '/lib/deep').length,
            last: fs.readFileSync(root + '/lib/deep/79.txt', 'utf8').length,
            add: attempt(() => fs.writeFileSync(root + '/lib/planted', 'x')),
            change: attempt(() => fs.appendFileSync(root + '/lib/deep/0.txt', 'x')),
          };
        };`;
      const code = bench.source({
        ...Object.fromEntries(fillers),
        'lib/answer.mjs': 'export const answer = 42;',
        'index.mjs': source,
      });
      const sandbox = await running(bench, code);
      const { value } = await call(sandbox, {});
      expect(value).toMatchObject({ answer: 42, files: 80, last: 20_000 });
      const { add, change } = value as { add: string; change: string };
      for (const outcome of [add, change]) expect(outcome).toMatch(/EROFS|EACCES|EPERM/);
    },
  },
  {
    name: 'own-code-only',
    guarantee: 'I3: only its own code is visible',
    languages: NODE,
    needs: ['own-files'],
    async run(bench) {
      const foreign = bench.source({ 'index.mjs': 'export const handler = async () => "foreign";' });
      await running(bench, foreign);
      const body = `
        const root = process.env.LAMBDA_TASK_ROOT ?? '/var/task';
        const list = (folder) => { try { return fs.readdirSync(folder); } catch (error) { return error.code; } };
        return { own: list(root), foreign: list(event.foreign), slots: list(path.join(root, '../..')) };`;
      const sandbox = await running(bench, asking(bench, body));
      const seen = (await call(sandbox, { foreign: foreign.path })).value as Record<string, unknown>;
      expect(seen.own).toEqual(['index.mjs']);
      expect(String(seen.foreign)).toMatch(/ENOENT|EACCES/);
    },
  },
  {
    name: 'tmp-writable',
    guarantee: '/tmp is writable, its files live from call to call, and another sandbox does not see them',
    languages: NODE,
    async run(bench) {
      const body = `
        const file = path.join(os.tmpdir(), 'conformance-mark');
        const before = fs.existsSync(file);
        fs.writeFileSync(file, 'mark');
        return { before };`;
      const code = asking(bench, body);
      const first = await running(bench, code);
      expect((await call(first, {})).value).toEqual({ before: false });
      expect((await call(first, {})).value).toEqual({ before: true });
      const second = await running(bench, code);
      expect((await call(second, {})).value).toEqual({ before: false });
    },
  },
  {
    name: 'network-none',
    guarantee: 'with network none neither the host nor anything else can be reached',
    languages: NODE,
    enforced: ['network'],
    async run(bench) {
      const server = createServer((socket) => socket.end());
      await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
      try {
        const { port } = server.address() as { port: number };
        const body = `
          const reach = (host) => new Promise((resolve) => {
            const socket = net.connect({ host, port: event.port }, () => resolve('reached'));
            socket.on('error', (error) => resolve(error.code));
            setTimeout(() => { socket.destroy(); resolve('silence'); }, 500);
          });
          const outside = Object.values(os.networkInterfaces()).flat().filter((one) => !one.internal).map((one) => one.address);
          return { outside, loopback: await reach('127.0.0.1'), bridge: await reach('172.17.0.1') };`;
        const sandbox = await running(bench, asking(bench, body));
        const seen = (await call(sandbox, { port })).value as Record<string, unknown>;
        expect(seen.outside).toEqual([]);
        expect(seen.loopback).not.toBe('reached');
        expect(seen.bridge).not.toBe('reached');
      } finally {
        server.close();
      }
    },
  },
  {
    name: 'not-root',
    guarantee: 'the function runs as nobody special, inside and as the host sees it, and without capabilities',
    languages: NODE,
    async run(bench) {
      const body = `
        const { spawn } = await import('node:child_process');
        spawn('/bin/sleep', [String(event.seconds)], { stdio: 'ignore' }).unref();
        const capabilities = /CapEff:\\s+(\\w+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1];
        return { uid: process.getuid(), gid: process.getgid(), capabilities };`;
      const sandbox = await running(bench, asking(bench, body));
      const seconds = 1_000_000 + (process.pid % 100_000);
      const seen = (await call(sandbox, { seconds })).value as { uid: number; gid: number; capabilities: string };
      expect(seen.uid).not.toBe(0);
      expect(seen.gid).not.toBe(0);
      expect(BigInt(`0x${seen.capabilities}`)).toBe(0n);
      if (!bench.guard.capabilities.sharesHostKernel) return;
      const sleeper = processes().find(({ cmdline }) => cmdline.endsWith(`sleep ${seconds}`));
      expect(sleeper).toBeDefined();
      expect(uidOf(sleeper!.pid)).not.toBe(0);
    },
  },
  {
    name: 'proc-sys',
    guarantee: 'kernel settings and code cannot be opened for writing',
    languages: BOTH,
    async run(bench) {
      const sandbox = await running(bench, 'writes-proc-sys');
      const { value } = await call(sandbox, {});
      expect(Object.values(value as object)).not.toContain('opened');
    },
  },
];
