#!/usr/bin/env node
// The launcher: plain JavaScript for any Node from 18 on. Finds Node 24 and runs the command line from src/ in a clone or
// from dist/ in an installed package.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNode24 } from './find-node24.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src', 'cli', 'main.ts');
const entry = existsSync(source) ? source : join(root, 'dist', 'cli', 'main.js');

const node = findNode24(root);
if (!node) {
  process.stderr.write(
    'coldframe: needs Node 24 or later. Install it (https://nodejs.org) so that `node --version` says v24, and run this again.\n',
  );
  process.exit(1);
}
const child = spawn(node, ['--disable-warning=ExperimentalWarning', entry, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  process.stderr.write(`coldframe: ${error.message}\n`);
  process.exit(1);
});
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
