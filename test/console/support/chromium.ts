import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
/** No host but ours is to be asked anything, by the browser itself either. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--force-color-profile=srgb',
];

/** The system's browser; null where there is none: such tests say `(needs chromium)` in their title. */
export const chromiumPath: string | null =
  (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find((path) => existsSync(path)) ?? null;

/** A browser with a profile of its own, which goes with it. */
export function launchChromium(): Promise<Browser> {
  if (chromiumPath === null) throw new Error('no chromium on the PATH');
  return chromium.launch({ executablePath: chromiumPath, args: FLAGS });
}
