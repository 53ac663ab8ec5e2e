import { expect, test } from 'vitest';
import { parseConfig } from './config.ts';

test('how slow Firecracker’s guests are is 1 where nobody says, and a flag wins over the environment', () => {
  expect(parseConfig({}, {}).firecrackerSlowness).toBe(1);
  const env = { COLDFRAME_FIRECRACKER_SLOWNESS: '40' };
  expect(parseConfig({}, { ...env }).firecrackerSlowness).toBe(40);
  expect(parseConfig({ 'firecracker-slowness': '3' }, { ...env }).firecrackerSlowness).toBe(3);
});

test.each(['0', '101', 'fast', '1.5'])('a slowness of %s is refused, with what it takes', (value) => {
  expect(() => parseConfig({}, { COLDFRAME_FIRECRACKER_SLOWNESS: value })).toThrow(
    expect.objectContaining({
      code: 'invalid_config',
      publicMessage: expect.stringContaining('COLDFRAME_FIRECRACKER_SLOWNESS is not valid: it takes a whole number'),
    }),
  );
});
