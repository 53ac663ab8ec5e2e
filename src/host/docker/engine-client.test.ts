import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { tarArchive } from '../../images/tar-archive.ts';
import { socketPathOf } from './docker-host.ts';
import { EngineClient } from './engine-client.ts';
import { EngineError } from './engine-error.ts';
import { buildImage, importImage, pullImage, splitReference } from './engine-images.ts';
import { ScriptedSocket } from './engine-rig.ts';

const PING = 'HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK';
const cleanups: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A daemon that greets properly and then does what the script says to every other request. */
async function daemonThat(
  script: (socket: Socket, request: string) => void,
): Promise<{ engine: EngineClient; socket: ScriptedSocket }> {
  const socket = await new ScriptedSocket((connection) => {
    connection.on('data', (bytes) => {
      const request = bytes.toString('latin1');
      if (request.startsWith('GET /_ping')) connection.write(PING);
      else if (/^(GET|POST|DELETE) /.test(request)) script(connection, request);
    });
  }).listen();
  const engine = new EngineClient({ socketPath: socket.path });
  cleanups.push(() => socket.close());
  cleanups.push(() => engine.close());
  return { engine, socket };
}

function reply(status: string, body: string): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

async function kindOf(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof EngineError)) throw new Error(`not an EngineError: ${error}`);
  return error.kind;
}

describe('a daemon that is not there', () => {
  test('no socket at the path is absent', async () => {
    const engine = new EngineClient({ socketPath: '/nonexistent/docker.sock' });
    cleanups.push(() => engine.close());
    expect(await kindOf(engine.info())).toBe('absent');
  });

  test('a plain file at the path is not taken for a daemon', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cf-engine-'));
    cleanups.push(() => rmSync(directory, { recursive: true }));
    writeFileSync(join(directory, 's'), '');
    const engine = new EngineClient({ socketPath: join(directory, 's') });
    cleanups.push(() => engine.close());
    expect(['not_running', 'absent']).toContain(await kindOf(engine.ping()));
  });

  test('a daemon that comes back is used again by the same client', async () => {
    const { engine, socket } = await daemonThat((connection) =>
      connection.write(reply('200 OK', '{"OSType":"linux"}')),
    );
    expect((await engine.info()).OSType).toBe('linux');
    socket.cut();
    await expect
      .poll(
        async () =>
          await engine.info().then(
            (info) => info.OSType,
            () => 'down',
          ),
      )
      .toBe('linux');
  });

  test('DOCKER_HOST of another kind than a unix socket is refused', () => {
    expect(socketPathOf(null)).toBe('/var/run/docker.sock');
    expect(socketPathOf('unix:///run/user/1000/docker.sock')).toBe('/run/user/1000/docker.sock');
    for (const host of ['tcp://10.0.0.1:2375', 'ssh://host', 'unix://']) {
      expect(() => socketPathOf(host)).toThrow(EngineError);
    }
  });
});

describe('a daemon that is dying', () => {
  test('one that never answers costs its caller the deadline and no more', async () => {
    const { engine } = await daemonThat(() => {});
    const beganMs = performance.now();
    expect(await kindOf(engine.info({ deadlineMs: 100 }))).toBe('timeout');
    expect(performance.now() - beganMs).toBeLessThan(1_000);
  });

  test('one that hangs in the middle of an answer is a timeout too', async () => {
    const { engine } = await daemonThat((connection) =>
      connection.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"half":'),
    );
    expect(await kindOf(engine.info({ deadlineMs: 100 }))).toBe('timeout');
  });

  test('calls that hang use no more connections than the bound, and later calls get theirs', async () => {
    let hang = true;
    const { engine, socket } = await daemonThat((connection) => {
      if (!hang) connection.write(reply('200 OK', '{"OSType":"linux"}'));
    });
    const calls = Array.from({ length: 50 }, () => kindOf(engine.info({ deadlineMs: 200 })));
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['timeout']));
    expect(socket.openMax).toBeLessThanOrEqual(16);
    hang = false;
    expect((await engine.info()).OSType).toBe('linux');
  });

  test('a flood of calls is refused rather than queued without end', async () => {
    const { engine } = await daemonThat(() => {});
    await engine.apiVersion();
    const calls = Array.from({ length: 600 }, () => kindOf(engine.info({ deadlineMs: 300 })));
    expect(await Promise.all(calls)).toContain('overloaded');
  });

  test('a reset connection is lost', async () => {
    const { engine } = await daemonThat((connection) => connection.destroy());
    expect(await kindOf(engine.info())).toBe('lost');
  });

  test('half an answer and then the end is lost, and the client lives on', async () => {
    let requests = 0;
    const { engine } = await daemonThat((connection) => {
      if (requests++ === 0) connection.end('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"half":');
      else connection.write(reply('200 OK', '{"OSType":"linux"}'));
    });
    expect(await kindOf(engine.info())).toBe('lost');
    expect((await engine.info()).OSType).toBe('linux');
  });

  test('rubbish instead of HTTP, and JSON that is none, are invalid replies', async () => {
    const rubbish = await daemonThat((connection) => connection.write('SSH-2.0-OpenSSH\r\n\r\n'));
    expect(await kindOf(rubbish.engine.info())).toBe('invalid_reply');
    const text = await daemonThat((connection) => connection.write(reply('200 OK', '<html>')));
    expect(await kindOf(text.engine.info())).toBe('invalid_reply');
    const scalar = await daemonThat((connection) => connection.write(reply('200 OK', '7')));
    expect(await kindOf(scalar.engine.info())).toBe('invalid_reply');
  });

  test('an answer without end is cut at its bound', async () => {
    const { engine } = await daemonThat((connection) => {
      connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      const block = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
      const pump = () => {
        while (!connection.destroyed && connection.write(block));
      };
      connection.on('drain', pump);
      pump();
    });
    expect(await kindOf(engine.info())).toBe('invalid_reply');
  });

  test('a refusal carries status and message, whether JSON or plain', async () => {
    const json = await daemonThat((connection) => connection.write(reply('500 Oops', '{"message":"no space left"}')));
    await expect(json.engine.info()).rejects.toMatchObject({ kind: 'refused', status: 500 });
    await expect(json.engine.info()).rejects.toThrow('no space left');
    const plain = await daemonThat((connection) => connection.write(reply('502 Bad Gateway', 'upstream died')));
    await expect(plain.engine.info()).rejects.toThrow('upstream died');
  });

  test('an abort ends the call at once; an aborted signal never begins one', async () => {
    const { engine, socket } = await daemonThat(() => {});
    await engine.apiVersion();
    const control = new AbortController();
    const call = kindOf(engine.info({ signal: control.signal }));
    control.abort();
    expect(await call).toBe('aborted');
    const before = socket.connections;
    expect(await kindOf(engine.info({ signal: control.signal }))).toBe('aborted');
    expect(socket.connections).toBe(before);
  });

  test('after close every call is refused and nothing stays open', async () => {
    const { engine } = await daemonThat(() => {});
    await engine.apiVersion();
    const call = kindOf(engine.info());
    await engine.close();
    expect(['lost', 'aborted']).toContain(await call);
    expect(await kindOf(engine.info())).toBe('aborted');
  });
});

describe('what the answers mean', () => {
  test('an API older than ours is unsupported, a newer one is spoken at our own version', async () => {
    for (const [version, expected] of [
      ['1.39', 'unsupported'],
      ['nonsense', 'unsupported'],
      ['1.99', '1.51'],
      ['1.41', '1.41'],
    ]) {
      const socket = await new ScriptedSocket((connection) =>
        connection.on('data', () => connection.write(PING.replace('1.41', version!))),
      ).listen();
      const engine = new EngineClient({ socketPath: socket.path });
      const spoken = await engine.apiVersion().catch((error: EngineError) => error.kind);
      await engine.close();
      await socket.close();
      expect(spoken).toBe(expected);
    }
  });

  test('a container already gone counts as removed, an image in use as kept, a container already started as started', async () => {
    const { engine } = await daemonThat((connection, request) => {
      if (request.startsWith('DELETE /v1.41/containers')) connection.write(reply('404 Not Found', '{"message":"no"}'));
      else if (request.startsWith('DELETE')) connection.write(reply('409 Conflict', '{"message":"in use"}'));
      else connection.write('HTTP/1.1 304 Not Modified\r\n\r\n');
    });
    expect(await engine.removeContainer('x')).toBe(false);
    expect(await engine.removeImage('x')).toBe(false);
    await engine.startContainer('x');
  });

  test('an error line within a progress stream rejects, whatever the status said', async () => {
    const line = '{"status":"working"}\n{"error":"no such host"}\n';
    const { engine } = await daemonThat((connection) => connection.write(reply('200 OK', line)));
    const seen: unknown[] = [];
    const call = pullImage(engine, 'a:b', {
      firstAnswerMs: 1_000,
      onProgress: (progress) => seen.push(progress.status),
    });
    await expect(call).rejects.toThrow('no such host');
    expect(seen).toEqual(['working']);
  });

  test('a registry that stays silent is given up after its own short deadline', async () => {
    const { engine } = await daemonThat(() => {});
    const beganMs = performance.now();
    const call = pullImage(engine, 'a:b', { firstAnswerMs: 100, onProgress: () => {} });
    expect(await kindOf(call)).toBe('timeout');
    expect(performance.now() - beganMs).toBeLessThan(1_000);
  });

  test('a daemon that dies while an archive is sent to it fails the call and ends the archive', async () => {
    const { engine } = await daemonThat((connection) => setImmediate(() => connection.destroy()));
    const archive = tarArchive([{ name: 'big', mode: 0o644, content: new Uint8Array(64 * 1024 * 1024) }]);
    const call = importImage(engine, 'a:b', archive, { changes: [], onProgress: () => {} });
    expect(await kindOf(call)).toBe('lost');
    expect(archive.destroyed).toBe(true);
  });

  test('an archive that fails while it is sent fails the call', async () => {
    const { engine } = await daemonThat(() => {});
    const archive = tarArchive([{ name: 'gone', mode: 0o644, content: { path: '/nonexistent', sizeBytes: 1 } }]);
    const call = buildImage(engine, 'a:b', archive, { labels: {}, onProgress: () => {} });
    await expect(call).rejects.toBeInstanceOf(EngineError);
  });

  test('the tag of a reference is what follows the last colon, unless a slash does', () => {
    expect(splitReference('debian')).toEqual({ name: 'debian', tag: 'latest' });
    expect(splitReference('a/b:c')).toEqual({ name: 'a/b', tag: 'c' });
    expect(splitReference('host:5000/a')).toEqual({ name: 'host:5000/a', tag: 'latest' });
  });
});
