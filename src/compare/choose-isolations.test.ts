import { expect, test } from 'vitest';
import type { GuardedDriver } from '../contract/guarded-driver.ts';
import type { Isolation } from '../domain/names.ts';
import type { DriverAnswer } from '../isolations/isolation-registry.ts';
import { chooseIsolations } from './choose-isolations.ts';

const usable: DriverAnswer = { state: 'usable', driver: {} as GuardedDriver };
const absent: DriverAnswer = { state: 'unusable', detail: 'It is not installed.', fix: null };
const here =
  (...isolations: Isolation[]) =>
  (isolation: Isolation) =>
    isolations.includes(isolation) ? usable : absent;

const statesOf = (chosen: ReturnType<typeof chooseIsolations>) =>
  Object.fromEntries(chosen.map(({ isolation, state }) => [isolation, state]));

test('unasked, all that can run it but process, weakest first; the others are listed with the reason', () => {
  const chosen = chooseIsolations(null, 'nodejs24', here('process', 'docker', 'bubblewrap'));
  expect(chosen.map(({ isolation }) => isolation)).toEqual([
    ...['process', 'bubblewrap', 'docker', 'gvisor', 'qemu', 'firecracker'],
  ]);
  expect(statesOf(chosen)).toMatchObject({
    process: 'skipped',
    bubblewrap: 'waiting',
    docker: 'waiting',
    qemu: 'skipped',
  });
  expect(chosen[0]?.reason).toMatch(/only when named/);
  expect(chosen[4]?.reason).toBe('It is not installed.');
});

test('named, those alone, process too, each once', () => {
  const chosen = chooseIsolations(['docker', 'process', 'docker', 'qemu'], 'nodejs24', here('process', 'docker'));
  expect(statesOf(chosen)).toEqual({ process: 'waiting', docker: 'waiting', qemu: 'skipped' });
});

test('an unknown name and a host where none can run are refused by their codes, with the reasons', () => {
  expect(() => chooseIsolations(['steel'], 'nodejs24', here('docker'))).toThrow(
    expect.objectContaining({ code: 'unknown_isolation', publicMessage: expect.stringContaining('steel') }),
  );
  expect(() => chooseIsolations(['qemu'], 'nodejs24', here('docker'))).toThrow(
    expect.objectContaining({ code: 'isolation_not_usable', publicMessage: 'qemu: It is not installed.' }),
  );
  const preparing: DriverAnswer = { state: 'preparing', detail: 'Images are being built.' };
  expect(() => chooseIsolations(null, 'nodejs24', () => preparing)).toThrow(
    expect.objectContaining({ code: 'isolation_preparing' }),
  );
});
