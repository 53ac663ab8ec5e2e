import { expect, it } from 'vitest';
import { connectionsMax, descriptorLimit } from './descriptor-limit.ts';

it('reads the limit of this process, and falls back where nothing tells', () => {
  expect(descriptorLimit(() => 'Max open files            4096                 8192                 files\n')).toBe(
    4096,
  );
  expect(descriptorLimit(() => 'Max open files            unlimited            unlimited            files\n')).toBe(
    1024,
  );
  expect(
    descriptorLimit(() => {
      throw new Error('no /proc');
    }),
  ).toBe(1024);
  expect(descriptorLimit()).toBeGreaterThan(0);
});

it('two listeners leave a third and a reserve to everything else', () => {
  for (const limit of [1_024, 4_096, 1_048_576]) expect(2 * connectionsMax(limit)).toBeLessThan(limit - 256);
});
