#!/usr/bin/env node
// The launcher: plain JavaScript for any Node from 18 on. Runs the command line from src/ in a clone or from dist/ in an
// installed package.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runOnNode24 } from './run-on-node24.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src', 'cli', 'main.ts');
const entry = existsSync(source) ? source : join(root, 'dist', 'cli', 'main.js');
runOnNode24(root, [entry, ...process.argv.slice(2)]);
