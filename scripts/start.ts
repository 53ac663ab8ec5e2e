import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';

/**
 * `npm start`: the server, and beside it the build of the console where sources changed. The build is a process of its own
 * at low priority, so that the API never waits for it; the server shows the new console as soon as it is there.
 */
const build = spawn(process.execPath, [join(import.meta.dirname, 'build-console.ts')], {
  stdio: ['ignore', 'pipe', 'pipe'],
});
let output = '';
for (const stream of [build.stdout, build.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
build.on('spawn', () => setPriority(build.pid ?? 0, constants.priority.PRIORITY_BELOW_NORMAL));
build.on('error', (error) => process.stderr.write(`coldframe: the console cannot be built: ${error.message}\n`));
build.on('exit', (code, signal) => {
  if (signal !== null) return;
  if (code === 0) process.stderr.write(/built/.test(output) ? output.replace(/\.\n$/, '; it is ready.\n') : '');
  else process.stderr.write(`coldframe: the console could not be built; the API works without it.\n${output}`);
});
await import('../src/cli/main.ts');
build.kill();
