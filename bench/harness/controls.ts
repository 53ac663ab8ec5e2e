import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './coldframe-server.ts';

const CONTROLS = join(import.meta.dirname, '../controls');

/** A control server in its own process; `stop` ends it. */
export interface Control {
  port: number;
  stop(): void;
}

/** Bare node:http doing the same work as the bench function. */
export async function bareHttp(): Promise<Control> {
  const child = spawn(process.execPath, [join(CONTROLS, 'bare-http.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = Number(await firstLine(child));
  return { port, stop: () => child.kill('SIGKILL') };
}

/** workerd serving the same function, no container. */
export async function workerd(): Promise<Control> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'coldframe-workerd-'));
  copyFileSync(join(CONTROLS, 'workerd.mjs'), join(folder, 'worker.mjs'));
  writeFileSync(
    join(folder, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (modules = [(name = "worker", esModule = embed "worker.mjs")], compatibilityDate = "2025-01-01"))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);\n`,
  );
  // The package's own launcher is a script that starts the binary: killed, it would leave that behind.
  const launcher = createRequire(import.meta.url).resolve('workerd/bin/workerd');
  const binary = createRequire(launcher).resolve(
    `@cloudflare/workerd-linux-${process.arch === 'x64' ? '64' : 'arm64'}/bin/workerd`,
  );
  const child = spawn(binary, ['serve', join(folder, 'config.capnp')], { stdio: ['ignore', 'inherit', 'inherit'] });
  await untilListening(port);
  return {
    port,
    stop: () => {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Google's functions-framework in its own process. */
export async function functionsFramework(): Promise<Control> {
  const port = await freePort();
  const main = join(import.meta.dirname, '../../node_modules/.bin/functions-framework');
  const child = spawn(
    process.execPath,
    [main, '--target=echo', `--source=${join(CONTROLS, 'functions-framework.mjs')}`, `--port=${port}`],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  await untilListening(port);
  return { port, stop: () => child.kill('SIGKILL') };
}

/** Round trips of `bytes` over a raw Unix socket to another process, in milliseconds. */
export async function udsEcho(bytes: number, count: number): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'coldframe-uds-'));
  const path = join(folder, 's');
  const child = spawn(process.execPath, [join(CONTROLS, 'uds-echo.mjs'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await firstLine(child);
  const payload = Buffer.alloc(bytes, 120);
  const latencies: number[] = [];
  await new Promise<void>((done) => {
    const socket = connect(path);
    let got = 0;
    let sentAtMs = 0;
    const send = () => {
      sentAtMs = performance.now();
      socket.write(payload);
    };
    socket.on('connect', send);
    socket.on('data', (chunk) => {
      got += chunk.length;
      if (got < bytes) return;
      got = 0;
      latencies.push(performance.now() - sentAtMs);
      if (latencies.length < count) send();
      else {
        socket.destroy();
        done();
      }
    });
  });
  child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  return latencies;
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => child.stdout!.once('data', (chunk: Buffer) => resolve(chunk.toString().trim())));
}

async function untilListening(port: number): Promise<void> {
  const endAtMs = performance.now() + 20_000;
  while (performance.now() < endAtMs) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (isUp) return;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error(`a control did not listen on port ${port}`);
}
