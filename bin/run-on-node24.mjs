// Runs a script on Node 24 or later in the place of this process: same terminal, signals passed on, same exit code. Built-ins
// only, Node 18 syntax.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { findNode24 } from './find-node24.mjs';
import { NODE_FLAGS } from './node-flags.mjs';

/** Ends this process when the child ends, as the child did. */
export function runOnNode24(root, args, options = {}) {
  const node = findNode24(root);
  if (!node) {
    process.stderr.write(
      'coldframe: needs Node 24 or later. Install it (https://nodejs.org) so that `node --version` says v24, and run this again.\n',
    );
    process.exit(1);
  }
  // Compiled code is kept beside the packages it belongs to: half a second less at every start, where that may be written.
  const env = { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled'), ...process.env };
  runInPlace(node, [...NODE_FLAGS, ...args], { env, ...options }).then((code) => process.exit(code));
}

/** Resolves to the exit code a shell would report; a child that cannot be started counts as 127. */
export function runInPlace(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    const passOn = (signal) => child.kill(signal);
    const finish = (code) => {
      for (const signal of signals) process.off(signal, passOn);
      resolve(code);
    };
    for (const signal of signals) process.on(signal, passOn);
    child.on('error', (error) => {
      process.stderr.write(`coldframe: ${command}: ${error.message}\n`);
      finish(127);
    });
    child.on('exit', (code, signal) => finish(code ?? 128 + constants.signals[signal]));
  });
}
