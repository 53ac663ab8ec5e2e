import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CliBed } from '../support/cli-bed.ts';
import { FIXTURE_LANGUAGES, fixture } from '../support/fixture.ts';
import { CliRun, serverEnv } from '../support/run-cli.ts';
import { ADMIN_KEY } from '../support/test-server.ts';

const bed = CliBed.use();
const cli = (...args: Parameters<CliBed['run']>) => bed.run(...args);

describe('from a template to a call', () => {
  it.each(FIXTURE_LANGUAGES)('init, deploy, invoke and the rest work in order (%s)', async (language) => {
    const template = language === 'nodejs' ? 'hello-node' : 'hello-python';
    const name = `my-${language}`;
    const templates = await cli(['--json', 'init']);
    expect((JSON.parse(templates.stdout) as { name: string }[]).map((one) => one.name)).toContain(template);

    expect((await cli(['init', template, name])).code).toBe(0);
    const again = await cli(['init', template, name]);
    expect([again.code, again.stdout, again.stderr]).toEqual([2, '', expect.stringContaining('not empty')]);

    const before = await cli(['--json', 'try', name, '--event', '{"name": "Eve"}']);
    expect([before.code, JSON.parse(before.stdout)]).toMatchObject([0, { result: { hello: 'Eve' } }]);
    expect((await cli(['functions', 'show', name])).code).toBe(4);

    const created = await cli(['deploy', name]);
    expect([created.code, created.stdout]).toEqual([0, expect.stringMatching(/^http:\/\/\S+\/fn\/\w+\n$/)]);
    expect(created.stderr).toMatch(new RegExp(`^Created ${name} \\(.*revision 1\\)`, 'm'));
    expect(created.stderr).toContain('Left out (.coldframeignore: events/): events/');
    const updated = await cli(['--json', 'deploy', name]);
    expect([updated.code, updated.stderr]).toEqual([0, expect.stringContaining(`Updated ${name}`)]);
    expect(JSON.parse(updated.stdout)).toMatchObject({ name, state: 'active' });

    for (const event of ['{"name": "Ada"}', '@event.json', '-']) {
      writeFileSync(join(bed.home, 'event.json'), '{"name": "Ada"}');
      const called = await cli(['invoke', name, '--event', event], { stdin: '{"name": "Ada"}' });
      expect([called.code, JSON.parse(called.stdout)]).toEqual([0, { hello: 'Ada' }]);
      expect(called.stderr).toMatch(/^[0-9a-f-]{36} {2}(cold|claimed|warm) {2}process {2}[\d.]+ ms\n$/);
    }
    const quiet = await cli(['--quiet', 'invoke', name, '--event', '{"name": "Ada"}']);
    expect([quiet.code, quiet.stderr]).toEqual([0, '']);

    const tried = await cli(['--json', 'try', name, '--event', '{"name": "Eve"}']);
    expect([tried.code, (JSON.parse(tried.stdout) as { result: unknown }).result]).toEqual([0, { hello: 'Eve' }]);

    expect((await cli(['logs', name])).stdout).toContain('called with');
    const list = await cli(['functions', 'list']);
    expect([list.code, list.stdout]).toEqual([0, expect.stringContaining(name)]);
    expect((await cli(['functions', 'show', name])).stdout).toContain('codeSha256');

    const invocations = await cli(['--json', 'invocations', 'list', '--function', name, '--limit', '2']);
    const { items } = JSON.parse(invocations.stdout) as { items: { id: string }[] };
    expect(items).toHaveLength(2);
    const shown = await cli(['invocations', 'show', items[0]?.id ?? '']);
    expect(shown.stdout).toMatch(/queue .* claim .* handler .* total/);
    expect((await cli(['metrics', name])).stdout).toMatch(/CALLS/);

    expect((await cli(['functions', 'delete', name])).code).toBe(2);
    expect((await cli(['functions', 'delete', name, '--yes'])).code).toBe(0);
    expect((await cli(['functions', 'show', name])).code).toBe(4);
  });

  it('one file is enough, and a broken one is refused with its line', async () => {
    writeFileSync(join(bed.home, 'greet.py'), "def handler(event, context):\n    return 'hi'\n");
    const created = await cli(['deploy', 'greet.py']);
    expect([created.code, created.stderr]).toEqual([0, expect.stringContaining('Created greet')]);
    expect((await cli(['invoke', 'greet'])).stdout).toBe('"hi"');
    writeFileSync(join(bed.home, 'greet.py'), fixture('syntax-error', 'python'));
    const refused = await cli(['deploy', 'greet.py']);
    expect([refused.code, refused.stdout]).toEqual([4, '']);
    expect(refused.stderr).toMatch(/syntax_error/);
    expect(refused.stderr).toMatch(/greet\.py.*3|line 3/s);
    expect((await cli(['invoke', 'greet'])).stdout).toBe('"hi"');
  });

  it('a folder with a file that is no text goes as a zip, whatever the handler is called', async () => {
    const folder = join(bed.home, 'with-icon');
    mkdirSync(folder);
    writeFileSync(join(folder, 'coldframe.json'), '{"name": "with-icon", "runtime": "nodejs", "handler": "app.run"}');
    writeFileSync(join(folder, 'icon.png'), Buffer.from([0, 255]));
    const refused = await cli(['deploy', 'with-icon']);
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('the package has none of app')]);
    expect((await cli(['functions', 'show', 'with-icon'])).code).toBe(4);
    writeFileSync(join(folder, 'app.mjs'), 'export const run = async () => "from the zip";\n');
    expect((await cli(['deploy', 'with-icon'])).code).toBe(0);
    expect((await cli(['invoke', 'with-icon'])).stdout).toContain('from the zip');
  });

  it('executable bits and links arrive, and files that may hold secrets only when insisted on', async () => {
    const folder = join(bed.home, 'linked');
    mkdirSync(join(folder, 'v1'), { recursive: true });
    writeFileSync(join(folder, 'v1/tool.sh'), '#!/bin/sh\necho ran\n', { mode: 0o755 });
    symlinkSync('v1', join(folder, 'current'));
    writeFileSync(
      join(folder, 'index.mjs'),
      `import { execFileSync } from 'node:child_process';
export const handler = () => execFileSync(import.meta.dirname + '/current/tool.sh', { encoding: 'utf8' }).trim();`,
    );
    writeFileSync(join(folder, '.env'), 'TOKEN=x');
    const refused = await cli(['deploy', 'linked']);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/\.env may hold secrets.*--with-secret-files/s),
    ]);
    expect((await cli(['functions', 'show', 'linked'])).code).toBe(4);
    expect(await cli(['deploy', 'linked', '--with-secret-files'])).toMatchObject({ code: 0 });
    expect((await cli(['invoke', 'linked'])).stdout).toBe('"ran"');
    const code = await bed.server.api('GET', '/functions/linked/code');
    expect(code.body).toMatchObject({ links: [{ path: 'current', target: 'v1' }], executableFiles: ['v1/tool.sh'] });
    writeFileSync(join(folder, '.coldframeignore'), '.env\n');
    const ignored = await cli(['deploy', 'linked']);
    expect([ignored.code, ignored.stderr]).toEqual([
      0,
      expect.stringContaining('Left out (.coldframeignore: .env): .env'),
    ]);
    expect((await bed.server.api('GET', '/functions/linked/code')).body).not.toHaveProperty(['files', '.env']);
  });

  it('--watch deploys again on every save, goes on after a bad one, and ends with Ctrl-C', async () => {
    const path = join(bed.home, 'watched.mjs');
    const save = (word: string) => writeFileSync(path, `export const handler = async () => '${word}';`);
    save('one');
    const run = new CliRun(['deploy', 'watched.mjs', '--watch'], { cwd: bed.home, env: serverEnv(bed.server) });
    try {
      await bed.server.until('the first deploy', () => run.stderr.includes('Watching'), 60_000);
      save('two');
      await bed.server.until('the second', async () => (await bed.server.invoke('watched')).body === 'two', 60_000);
      writeFileSync(path, 'export const handler = ;');
      await bed.server.until('the refusal', () => run.stderr.includes('syntax_error'), 60_000);
      save('three');
      await bed.server.until('the third', async () => (await bed.server.invoke('watched')).body === 'three', 60_000);
    } finally {
      expect((await run.interrupt()).code).toBe(0);
    }
  }, 300_000);
});

it.each(['invoke', 'try'])(
  'Ctrl-C in `%s` cancels the call on the server too, not only the wait for it',
  async (command) => {
    const source = 'export const handler = () => new Promise((resolve) => setTimeout(resolve, 600_000));';
    const name = `endless-${command}`;
    await bed.server.deploy(name, 'nodejs', source, { timeoutMs: 600_000 });
    writeFileSync(join(bed.home, 'endless.mjs'), source);
    const run = new CliRun(command === 'invoke' ? ['invoke', name] : ['try', 'endless.mjs', '--name', name], {
      cwd: bed.home,
      env: serverEnv(bed.server),
    });
    const calls = async () => {
      const { body } = await bed.server.api<{ items: { state: string; outcome: string | null; trigger: string }[] }>(
        'GET',
        `/invocations?function=${name}&tried=true`,
      );
      return body.items.filter(({ trigger }) => (command === 'try') === (trigger === 'try'));
    };
    await bed.server.until(
      'the call runs',
      async () => (await calls()).some(({ state }) => state === 'running'),
      60_000,
    );
    expect((await run.interrupt()).code).toBe(130);
    await bed.server.until('it is cancelled', async () => (await calls())[0]?.outcome === 'cancelled', 60_000);
  },
);

describe('exit codes', () => {
  it('1: the function failed, with its error on stderr and nothing on stdout', async () => {
    await bed.server.deploy('throws', 'nodejs', fixture('throws', 'nodejs'));
    const failed = await cli(['invoke', 'throws']);
    expect([failed.code, failed.stdout]).toEqual([1, '']);
    expect(failed.stderr).toContain('OrderError: it broke');
    const json = await cli(['--json', 'invoke', 'throws']);
    expect([json.code, JSON.parse(json.stdout)]).toEqual([1, expect.objectContaining({ code: 'function_error' })]);
  });

  it.each([
    [['invoke', 'x', '--event', '{oops'], 'not valid JSON'],
    [['invoke', 'x', '--event', '@absent.json'], 'cannot be read'],
    [['deploy', 'absent-folder'], 'no file or folder'],
    [['invoke'], 'missing required argument'],
    [['frobnicate'], 'unknown command'],
    [['functions', 'list', '--colour'], 'unknown option'],
    [['--profile', 'absent', 'functions', 'list'], 'no profile'],
    [['login', 'not a url'], 'not a URL'],
  ])('2: usage, %j', async (args, message) => {
    const { code, stdout, stderr } = await cli(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('3: the server cannot be reached, or none is known', async () => {
    const away = await cli(['functions', 'list'], { env: { COLDFRAME_URL: 'http://127.0.0.1:1' } });
    expect([away.code, away.stdout, away.stderr]).toEqual([3, '', expect.stringContaining('cannot be reached')]);
    const invoke = await cli(['invoke', 'x'], { env: { COLDFRAME_URL: 'http://127.0.0.1:1' } });
    expect(invoke.code).toBe(3);
    const nowhere = await cli(['functions', 'list'], {
      env: { COLDFRAME_URL: '', COLDFRAME_KEY: '', COLDFRAME_DATA_DIR: bed.home },
    });
    expect([nowhere.code, nowhere.stderr]).toEqual([3, expect.stringContaining('coldframe up')]);
  });

  it('4: refused', async () => {
    const absent = await cli(['invoke', 'nobody']);
    expect([absent.code, absent.stdout, absent.stderr]).toEqual([4, '', expect.stringContaining('function_not_found')]);
    const key = await cli(['functions', 'list'], { env: { COLDFRAME_KEY: 'wrong-wrong-wrong' } });
    expect([key.code, key.stderr]).toEqual([4, expect.stringContaining('unauthenticated')]);
  });

  it('0: help and version', async () => {
    for (const args of [['--help'], ['--version'], ['deploy', '--help']]) {
      const { code, stdout } = await cli(args);
      expect([args, code, stdout.length > 0]).toEqual([args, 0, true]);
    }
  });
});

describe('what a function says', () => {
  const ESCAPES = `export const handler = async () => {
  console.log('plain \\u001b[2J\\u001b]0;owned\\u0007 \\u202e text');
  const error = new Error('bad \\u001b[31m red');
  error.name = 'Evil\\u001b[0m';
  throw error;
};`;

  it('control characters never reach the terminal as they are', async () => {
    await bed.server.deploy('escapes', 'nodejs', ESCAPES);
    const called = await cli(['invoke', 'escapes']);
    const list = await cli(['--json', 'invocations', 'list', '--function', 'escapes']);
    const id = (JSON.parse(list.stdout) as { items: { id: string }[] }).items[0]?.id ?? '';
    const outputs = [called, await cli(['logs', 'escapes']), await cli(['invocations', 'show', id])];
    for (const { stdout, stderr } of outputs) {
      expect(`${stdout}${stderr}`).toMatch(/\\x1b|\\u202e/);
      expect(`${stdout}${stderr}`).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
    }
  });

  it('logs --follow shows lines as they come', async () => {
    await bed.server.deploy(
      'says',
      'nodejs',
      "export const handler = async (event) => { console.log('said', event.n); };",
    );
    const run = new CliRun(['logs', 'says', '--follow'], { cwd: bed.home, env: serverEnv(bed.server) });
    try {
      await bed.server.invoke('says', { n: 1 });
      await bed.server.until('the first line', () => run.stdout.includes('said 1'), 20_000);
      await bed.server.invoke('says', { n: 2 });
      await bed.server.until('the second line', () => run.stdout.includes('said 2'), 20_000);
    } finally {
      await run.interrupt();
    }
  });
});

describe('keys, profiles and the console', () => {
  it('a created key is printed alone, works, is listed without its secret, and ends when deleted', async () => {
    const created = await cli(['keys', 'create', 'ci', '--scopes', 'read']);
    expect(created.code).toBe(0);
    const secret = created.stdout.trim();
    expect(secret).toMatch(/^\S{20,}$/);
    const env = { COLDFRAME_KEY: secret };
    expect((await cli(['functions', 'list'], { env })).code).toBe(0);
    expect((await cli(['functions', 'delete', 'says', '--yes'], { env })).code).toBe(4);
    const { stdout } = await cli(['--json', 'keys', 'list']);
    expect(stdout).not.toContain(secret);
    const id = (JSON.parse(stdout) as { id: string; name: string }[]).find((key) => key.name === 'ci')?.id ?? '';
    expect((await cli(['keys', 'delete', id])).code).toBe(0);
    expect((await cli(['functions', 'list'], { env })).code).toBe(4);
  });

  it('login keeps a profile that only its owner may read, and commands use it', async () => {
    const without = { COLDFRAME_URL: '', COLDFRAME_KEY: '' };
    const saved = await cli(['--key', ADMIN_KEY, 'login', bed.server.url, '--as', 'work'], { env: without });
    expect(saved.code).toBe(0);
    const path = join(bed.home, '.config/coldframe/profiles.json');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toContain(bed.server.url);
    expect((await cli(['functions', 'list'], { env: without })).code).toBe(0);
    expect((await cli(['--profile', 'work', 'functions', 'list'], { env: without })).code).toBe(0);
    expect((await cli(['--key', 'wrong-wrong-wrong', 'login', bed.server.url], { env: without })).code).toBe(4);
    rmSync(path);
  });

  it('open --print prints a link that signs in once', async () => {
    const { code, stdout } = await cli(['open', '--print']);
    const token = /#token=(\S+)\n$/.exec(stdout)?.[1];
    expect([code, stdout.startsWith(bed.server.url)]).toEqual([0, true]);
    expect((await bed.server.api('POST', '/session', { token })).status).toBe(201);
    expect((await bed.server.api('POST', '/session', { token })).status).toBe(401);
  });

  it('doctor names each isolation with its state', async () => {
    const { code, stdout } = await cli(['doctor']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/process\s+usable/)]);
    expect(stdout).toContain('docker');
    expect(JSON.parse((await cli(['--json', 'doctor'])).stdout)).toMatchObject({
      platform: { dataDir: bed.server.dataDir },
    });
  });
});
