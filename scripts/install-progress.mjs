// Says how far an installation is, while npm itself says nothing. Built-ins only, Node 18 syntax.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A line at a terminal is drawn anew this often, in ms: often enough to be seen moving. */
const REDRAW_EVERY_MS = 1_000;
/** Where lines stay (a log, a pipe), one comes this often, in ms. */
const LINE_EVERY_MS = 10_000;

/** One line about an installation. `installed` counts packages that are in place; `total` is what the lock file names. */
export function progressText({ elapsedMs, installed, total }) {
  const seconds = Math.floor(elapsedMs / 1_000);
  // npm leaves out what is for other systems, so the count rarely reaches the total.
  const share = Math.min(99, Math.floor((installed / Math.max(1, total)) * 100));
  return `Installing dependencies: ${installed} packages, about ${share}%, ${seconds} s`;
}

/** Packages that lie in `folder` (a node_modules), those with a scope included; 0 while it is not there. */
export function countPackages(folder) {
  let count = 0;
  for (const name of namesIn(folder)) {
    if (name.startsWith('.')) continue;
    count += name.startsWith('@') ? namesIn(join(folder, name)).length : 1;
  }
  return count;
}

/**
 * Shows progress on `stream` until the returned function is called: one line that moves at a terminal, a line every 10 s
 * elsewhere. `look` gives `{ installed, total }`.
 */
export function showProgress(stream, look, startedAtMs = Date.now()) {
  const draw = () => {
    const text = progressText({ elapsedMs: Date.now() - startedAtMs, ...look() });
    stream.write(stream.isTTY ? `\r\x1b[2K${text}` : `${text}\n`);
  };
  if (stream.isTTY) draw();
  const timer = setInterval(draw, stream.isTTY ? REDRAW_EVERY_MS : LINE_EVERY_MS);
  return () => {
    clearInterval(timer);
    if (stream.isTTY) stream.write('\r\x1b[2K');
  };
}

function namesIn(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
