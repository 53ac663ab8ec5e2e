import { expect, test } from 'vitest';
import { bootProfile } from './boot-profile.ts';

test('ordinary variables leave a function to generic sandboxes', () => {
  expect(bootProfile('nodejs24', { STAGE: 'dev', NODE_ENV: 'production', NODE_CONFIG: '{}', TZ: 'CET' })).toEqual({});
  expect(bootProfile('python3.11', { STAGE: 'dev', PYTHON_ENV: 'x', NODE_OPTIONS: '--x' })).toEqual({});
  expect(bootProfile('python3.11', {})).toEqual({});
});

test('variables that only work at boot make the boot profile, by language', () => {
  expect(bootProfile('nodejs24', { NODE_OPTIONS: '--enable-source-maps', A: 'b' })).toEqual({
    NODE_OPTIONS: '--enable-source-maps',
  });
  expect(bootProfile('python3.13', { PYTHONHASHSEED: '0', TZ: 'CET', LC_ALL: 'C' })).toEqual({
    PYTHONHASHSEED: '0',
    TZ: 'CET',
    LC_ALL: 'C',
  });
  for (const runtime of ['nodejs24', 'python3.11'] as const) {
    expect(bootProfile(runtime, { LD_PRELOAD: '/x.so', OMP_NUM_THREADS: '1' })).toEqual({
      LD_PRELOAD: '/x.so',
      OMP_NUM_THREADS: '1',
    });
  }
});
