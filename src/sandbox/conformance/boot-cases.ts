import { expect } from 'vitest';
import { BOTH, type ConformanceCase, loadedWith, running, texts } from './conformance-case.ts';
import { call } from './sandbox-rig.ts';
import { ANSWER, TINY_FUNCTION, TINY_LIBRARY, tinyLibrary } from './tiny-library.ts';

/** What a function finds before its first line: files that its variables name, libraries, the system around it. */
export const BootCases: ConformanceCase[] = [
  {
    name: 'named-files',
    guarantee: 'variables that name files of the package work at the first call',
    languages: BOTH,
    starts: ['boot profile'],
    startsMatter: true,
    async run(bench) {
      const code = bench.source(NAMED_FILES);
      const env: Record<string, string> =
        bench.language === 'nodejs'
          ? {
              NODE_OPTIONS: '--require /var/task/hooks/early.cjs --import=/var/task/hooks/early.mjs',
              NODE_PATH: '/var/task/modules',
              NODE_EXTRA_CA_CERTS: '/var/task/hooks/own.pem',
            }
          : { PYTHONPATH: '/var/task/modules:/var/task/absent' };
      const sandbox = await running(bench, code, { env }, { bootEnv: env });
      for (const _call of ['first', 'second']) {
        const { value } = await call(sandbox, {});
        expect(value).toEqual(bench.language === 'nodejs' ? ['early', 'early', 'named', 1] : ['named']);
      }
    },
  },
  {
    name: 'bad-boot-variable',
    guarantee: 'a variable the runtime refuses is the function’s error at load, with its reason and what was printed',
    languages: BOTH,
    starts: ['boot profile'],
    startsMatter: true,
    async run(bench) {
      const code = bench.source(NAMED_FILES);
      const bad: Record<string, string>[] =
        bench.language === 'nodejs'
          ? [{ NODE_OPTIONS: '--require /var/task/absent.cjs' }, { NODE_OPTIONS: '--no-such-option' }]
          : [{ PYTHONHASHSEED: 'a word' }];
      for (const env of bad) {
        const { load } = await loadedWith(bench, code, { spec: { bootEnv: env }, settings: { env } });
        expect(load, JSON.stringify(env)).toMatchObject({
          kind: 'loadError',
          error: { errorType: 'Runtime.ExitError' },
        });
        expect(JSON.stringify(load)).toMatch(/absent\.cjs|no-such-option|PYTHONHASHSEED/);
        expect(load.logs.lines.length).toBeGreaterThan(0);
      }
    },
  },
  {
    name: 'endless-boot',
    guarantee: 'code of the function that never lets the runtime begin is its init timeout, with what it printed',
    languages: BOTH,
    starts: ['boot profile'],
    startsMatter: true,
    async run(bench) {
      const code = bench.source({
        'index.mjs': 'export const handler = () => 1;',
        'index.py': 'def handler(event, context):\n    return 1\n',
        'hooks/endless.cjs': 'console.log("about to spin"); console.error("and to say so"); for (;;);',
        'hooks/sitecustomize.py':
          'import sys\nprint("about to spin", flush=True)\nprint("and to say so", file=sys.stderr, flush=True)\nwhile True:\n    pass\n',
      });
      const env: Record<string, string> =
        bench.language === 'nodejs'
          ? { NODE_OPTIONS: '--require /var/task/hooks/endless.cjs' }
          : { PYTHONPATH: '/var/task/hooks' };
      const { sandbox, load } = await loadedWith(bench, code, {
        spec: { bootEnv: env },
        settings: { env, initTimeoutMs: 1_000 },
      });
      expect(load).toMatchObject({
        kind: 'initTimeout',
        error: { errorType: 'Runtime.InitTimeout', errorMessage: 'Init timed out after 1.00 seconds' },
      });
      expect(texts(load.logs.lines)).toEqual(['about to spin', 'and to say so']);
      expect(sandbox.state).toBe('dead');
      expect(bench.guard.live()).toEqual([]);
    },
  },
  {
    name: 'libraries-of-the-package',
    guarantee: 'the dynamic linker finds libraries of the package, whatever was missing when the sandbox started',
    languages: BOTH,
    startsMatter: true,
    async run(bench) {
      // A small package is copied into its place, a large one appears there by a mount.
      for (const fillerBytes of [0, 2 * 1024 * 1024]) {
        const sandbox = await running(bench, bench.source(filesWithLibrary(`lib/${TINY_LIBRARY}`, fillerBytes)));
        const seen = (await call(sandbox, { name: TINY_LIBRARY })).value;
        expect(seen, `${fillerBytes} bytes`).toMatchObject({ loaded: true });
        expect((seen as { path: string }).path).toMatch(/(^|:)(\S+):\2\/lib:\/opt\/lib$/);
        expect((await call(sandbox, { name: 'libcfabsent.so' })).value).toMatchObject({ loaded: false });
      }
    },
  },
  {
    name: 'named-libraries',
    guarantee: 'LD_LIBRARY_PATH and LD_PRELOAD name libraries of the package',
    languages: BOTH,
    starts: ['boot profile'],
    startsMatter: true,
    async run(bench) {
      const code = bench.source(filesWithLibrary(`vendor/${TINY_LIBRARY}`, 0));
      const byPath = { LD_LIBRARY_PATH: '/var/task/vendor' };
      const found = await running(bench, code, { env: byPath, ...PATIENT }, { bootEnv: byPath });
      expect((await call(found, { name: TINY_LIBRARY })).value).toMatchObject({ loaded: true, preloaded: false });
      const ahead = { LD_PRELOAD: `/var/task/vendor/${TINY_LIBRARY}` };
      const preloaded = await running(bench, code, { env: ahead, ...PATIENT }, { bootEnv: ahead });
      expect((await call(preloaded, { name: 'libcfabsent.so' })).value).toMatchObject({ preloaded: true });
    },
  },
  {
    name: 'claimed-has-waited',
    guarantee: 'a sandbox that waits prepares what most functions need',
    languages: BOTH,
    starts: ['claimed'],
    async run(bench) {
      const code = bench.source({
        'index.cjs':
          'const had = Object.keys(require.cache).some((path) => path.endsWith("warm-up.cjs"));\nexports.handler = () => had;',
        'index.py':
          'import sys\nHAD = "json" in sys.modules and "traceback" in sys.modules\ndef handler(event, context):\n    return HAD\n',
      });
      expect((await call(await running(bench, code), {})).value).toBe(true);
    },
  },
  {
    name: 'base-system',
    guarantee: 'names, users, certificates, locale, time zones, libraries and a shell are those of a small base system',
    languages: BOTH,
    starts: ['cold', 'claimed'],
    async run(bench) {
      const sandbox = await running(bench, bench.source(BASE_SYSTEM), {}, { memoryMib: 256 });
      const { value, reply } = await call(sandbox, {}, { timeoutMs: 20_000 });
      expect(value, JSON.stringify(reply)).toEqual(
        bench.language === 'python'
          ? {
              user: ['sandbox', 'sandbox', 2],
              names: ['127.0.0.1', '127.0.0.1'],
              ...{ certificates: true, openssl: true, locale: 'en_US.UTF-8', zone: 'Europe/Berlin' },
              ...{ library: 'libz.so.1', bash: 0, converted: '\u3042', optLib: true, protocol: 6 },
            }
          : {
              ...{ user: 'sandbox', home: '/tmp', hostname: 'sandbox', names: ['127.0.0.1', '127.0.0.1'] },
              ...{ zone: 'UTC', berlin: '1:00:00 PM', system: true, optLib: true, bash: 'en_US.UTF-8' },
            },
      );
    },
  },
];

/** An emulated guest that has just booted takes long to import what loads libraries. */
const PATIENT = { initTimeoutMs: 30_000 };

/** Loads a library by the linker's own search; tells whether it was found and whether the tiny one was there before. */
function filesWithLibrary(path: string, fillerBytes: number): Record<string, string | Uint8Array> {
  return {
    'index.cjs': `const fs = require('node:fs');
const preloaded = fs.readFileSync('/proc/self/maps', 'utf8').includes('${TINY_LIBRARY}');
exports.handler = ({ name }) => {
  let loaded = true;
  // A library that is no module of Node is found none the less: the complaint is another.
  try { process.dlopen({ exports: {} }, name); } catch (error) { loaded = !error.message.includes('cannot open shared object'); }
  return { loaded, preloaded, path: process.env.LD_LIBRARY_PATH };
};`,
    'index.py': `import ctypes, os
def answers(library):
    return getattr(library, '${TINY_FUNCTION}', lambda: None)() == ${ANSWER}
PRELOADED = answers(ctypes.CDLL(None))
def handler(event, context):
    try:
        loaded = answers(ctypes.CDLL(event["name"]))
    except OSError:
        loaded = False
    return {"loaded": loaded, "preloaded": PRELOADED, "path": os.environ["LD_LIBRARY_PATH"]}
`,
    [path]: tinyLibrary(),
    ...(fillerBytes === 0 ? {} : { 'filler.bin': Buffer.alloc(fillerBytes) }),
  };
}

const BASE_SYSTEM = {
  'index.mjs': `import { execFileSync } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import fs from 'node:fs';
import os from 'node:os';
import tls from 'node:tls';
export const handler = async () => {
  const names = await Promise.all(['localhost', os.hostname()].map((name) => lookup(name, { family: 4 })));
  return {
    user: os.userInfo().username, home: os.homedir(), hostname: os.hostname(), names: names.map(({ address }) => address),
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    berlin: new Date(Date.UTC(2026, 0, 1, 12)).toLocaleTimeString('en-US', { timeZone: 'Europe/Berlin' }),
    system: tls.getCACertificates('system').length > 0,
    optLib: fs.existsSync('/opt/lib'),
    bash: execFileSync('bash', ['-c', 'echo $LANG'], { encoding: 'utf8' }).trim(),
  };
};`,
  'index.py': `import ctypes, ctypes.util, grp, locale, os, pwd, socket, ssl, subprocess, zoneinfo
LIBRARIES = 'libstdc++.so.6 libgcc_s.so.1 libpthread.so.0 libresolv.so.2 libz.so.1 libdl.so.2 librt.so.1 libnss_dns.so.2'
def handler(event, context):
    for name in LIBRARIES.split():
        ctypes.CDLL(name)
    return {
        "user": [pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name, len(pwd.getpwall())],
        "names": [socket.gethostbyname(name) for name in ("localhost", socket.gethostname())],
        "certificates": len(ssl.create_default_context().get_ca_certs()) > 0,
        "openssl": os.path.exists(ssl.get_default_verify_paths().openssl_cafile),
        "locale": locale.setlocale(locale.LC_ALL, ""),
        "zone": zoneinfo.ZoneInfo("Europe/Berlin").key,
        "library": ctypes.util.find_library("z"),
        "bash": subprocess.run(["bash", "-c", "echo $BASH_VERSINFO"], capture_output=True, text=True).returncode,
        "converted": subprocess.run(["iconv", "-f", "SHIFT_JIS", "-t", "UTF-8"], input=b"\\x82\\xa0", capture_output=True).stdout.decode(),
        "optLib": os.path.isdir("/opt/lib"),
        "protocol": socket.getprotobyname("tcp"),
    }
`,
};

/** Of nobody, for a hundred years. */
const OWN_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBiTCCAS+gAwIBAgIUSqb5076HS/b64o1sv5Cf4/oJpfswCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOY29sZGZyYW1lIHRlc3QwIBcNMjYxMTI5MDgyMjI5WhgPMjEy
NjExMDUwODIyMjlaMBkxFzAVBgNVBAMMDmNvbGRmcmFtZSB0ZXN0MFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEDrabIhWH7dZlnBEX9ebtdo3BYUcet20u0dpMk42F
SPPp+oNViH+xoo7HVIvRz+ojt+8s7Y3GiviMxeJ3OH82xqNTMFEwHQYDVR0OBBYE
FBG2PJzVzrrAfFu93IQGninKxfJzMB8GA1UdIwQYMBaAFBG2PJzVzrrAfFu93IQG
ninKxfJzMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAJYsk4tK
wm9DWz4zRkMWrxYdtiscpKw2PUdPVP0BwQtiAiAafVxhysCnhcEkTI60fyezQcLs
51oNcTHP3tYkGs49Mw==
-----END CERTIFICATE-----
`;

const NAMED_FILES = {
  'index.cjs':
    'exports.handler = () => [globalThis.required, globalThis.imported, require("named").name, require("node:tls").getCACertificates("extra").length];',
  'hooks/own.pem': OWN_CERTIFICATE,
  'index.py': 'import named\ndef handler(event, context):\n    return [named.name]\n',
  'hooks/early.cjs': 'globalThis.required = "early";',
  'hooks/early.mjs': 'globalThis.imported = "early";',
  'modules/named/index.js': 'exports.name = "named";',
  'modules/named.py': 'name = "named"\n',
};
