import { expect, test } from 'vitest';
import { kvmAccess } from './kvm-access.ts';

const asSandbox = { hasOwnUid: true, isJailed: false, canOpen: true };

test('a host without the device is told how to get one', () => {
  expect(kvmAccess(null, asSandbox)).toMatchObject({ state: 'absent', fix: expect.stringContaining('kvm-amd') });
});

test('a sandbox uid opens a device of a group through that group alone', () => {
  expect(kvmAccess({ mode: 0o660, gid: 108 }, asSandbox)).toEqual({ state: 'open', groups: [108] });
  expect(kvmAccess({ mode: 0o666, gid: 108 }, asSandbox)).toEqual({ state: 'open', groups: [] });
});

test('the group root is never lent to a sandbox', () => {
  expect(kvmAccess({ mode: 0o660, gid: 0 }, asSandbox)).toMatchObject({ state: 'no_permission' });
  expect(kvmAccess({ mode: 0o600, gid: 108 }, asSandbox)).toMatchObject({ state: 'no_permission' });
});

test('a jail brings a device node of its own', () => {
  expect(kvmAccess({ mode: 0o600, gid: 0 }, { ...asSandbox, isJailed: true })).toEqual({ state: 'open', groups: [] });
});

test('without uids of their own, it is the server’s user that counts', () => {
  const asServer = { hasOwnUid: false, isJailed: false, canOpen: false };
  expect(kvmAccess({ mode: 0o660, gid: 108 }, asServer)).toMatchObject({ state: 'no_permission' });
  expect(kvmAccess({ mode: 0o660, gid: 108 }, { ...asServer, canOpen: true })).toEqual({ state: 'open', groups: [] });
});
