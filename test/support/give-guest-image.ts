import { linkSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { testGuestImages, whyNoGuest } from '../../src/images/guest/testing/guest-rig.ts';

/** What `coldframe setup qemu` would have made, in the data directory of a server that has not started yet; where it can be. */
export async function giveGuestImage(dataDir: string): Promise<void> {
  if ((await whyNoGuest()) !== null) return;
  const { directory } = await testGuestImages();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const from = join(entry.parentPath, entry.name);
    const to = from.replace(directory, join(dataDir, 'guest'));
    if (entry.isDirectory()) mkdirSync(to, { recursive: true });
    else {
      mkdirSync(join(to, '..'), { recursive: true });
      linkSync(from, to);
    }
  }
}
