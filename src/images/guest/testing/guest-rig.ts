import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { pause } from '../../../host/pause.ts';
import { runTool } from '../../../host/run-tool.ts';
import { DEFAULT_SUITE } from '../../runtime-images.ts';
import { buildGuestImage } from '../guest-build.ts';
import { GuestImages } from '../guest-images.ts';

const RUNTIMES_DIR = resolve(import.meta.dirname, '../../../../runtimes');
/** Another test file may be building an image, which takes a minute. */
const WAIT_MS = 5 * 60_000;
const LOOK_MS = 250;

/** For tests: null when a guest image is here or can be made, else the reason why not. */
export async function whyNoGuest(): Promise<string | null> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'needs Linux on x86-64';
  const { images } = await imagesOfTests();
  if ((await images.find(AbortSignal.timeout(WAIT_MS))).state === 'whole') return null;
  for (const [tool, flag] of [
    ['mmdebstrap', '--version'],
    ['mksquashfs', '-version'],
  ] as const) {
    const { exitCode } = await runTool(tool, [flag], AbortSignal.timeout(10_000));
    if (exitCode === null) return `needs ${tool}`;
  }
  return process.getuid?.() === 0 ? null : await whyNoUserMap();
}

/** For tests: null when mmdebstrap can make a root file system as an ordinary user here, else the reason why not. */
async function whyNoUserMap(): Promise<string | null> {
  const { exitCode } = await runTool('newuidmap', [], AbortSignal.timeout(10_000));
  const ranges = await readFile('/etc/subuid', 'utf8').catch(() => '');
  const { username, uid } = userInfo();
  const hasRange = ranges.split('\n').some((line) => line.startsWith(`${username}:`) || line.startsWith(`${uid}:`));
  return exitCode !== null && hasRange ? null : 'needs root, or newuidmap and a range in /etc/subuid';
}

/**
 * For tests: one image for all of them. Whoever comes first makes it, and it is kept for the next run, as runtime
 * images are.
 */
export async function testGuestImages(): Promise<GuestImages> {
  const { images, dataDir } = await imagesOfTests();
  const signal = AbortSignal.timeout(WAIT_MS);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const lock = join(dataDir, 'lock');
  while ((await images.find(signal)).state !== 'whole') {
    const isOurs = await mkdir(lock).then(
      () => true,
      () => false,
    );
    if (!isOurs) {
      // A builder that died while it built is overtaken.
      const found = await stat(lock).catch(() => null);
      if (found !== null && Date.now() - found.mtimeMs > WAIT_MS) await rm(lock, { recursive: true, force: true });
      await pause(LOOK_MS, signal);
      continue;
    }
    try {
      await buildGuestImage({
        images,
        sources: { kernel: null, rootfsPath: null, suite: DEFAULT_SUITE },
        nodePath: process.execPath,
        nodeVersion: process.versions.node,
        runtimesDir: RUNTIMES_DIR,
        onProgress: () => {},
        signal,
      });
    } finally {
      await rm(lock, { recursive: true, force: true });
    }
  }
  return images;
}

/**
 * The folder is named by recipe, so that different trees do not meet, and by user, since nobody else may look into it.
 */
async function imagesOfTests(): Promise<{ images: GuestImages; dataDir: string }> {
  const about = { runtimesDir: RUNTIMES_DIR, nodeVersion: process.versions.node };
  const recipe = await new GuestImages({ dataDir: tmpdir(), ...about }).recipe();
  const dataDir = join(tmpdir(), `coldframe-test-guest-${process.getuid?.()}-${recipe}`);
  return { images: new GuestImages({ dataDir, ...about }), dataDir };
}
