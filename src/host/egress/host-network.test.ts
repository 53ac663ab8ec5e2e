import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { whyNoTap } from './host-network.ts';

const MONITOR = 600_001;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cf-tun-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('taps are had where a monitor of its own uid may open the device, else the command that mends it is named', () => {
  const device = join(folder, 'tun');
  expect(whyNoTap(MONITOR, device)).toMatchObject({ fix: 'modprobe tun' });
  writeFileSync(device, '', { mode: 0o600 });
  expect(whyNoTap(MONITOR, device)).toMatchObject({ fix: `chmod 666 ${device}` });
  expect(whyNoTap(0, device)).toBeNull();
  chmodSync(device, 0o666);
  expect(whyNoTap(MONITOR, device)).toBeNull();
});
