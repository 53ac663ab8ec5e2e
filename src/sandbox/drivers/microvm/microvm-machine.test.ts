import { expect, test } from 'vitest';
import { specOf } from '../../conformance/sandbox-rig.ts';
import { CARD_MAC, kindOf, macOf } from './microvm-machine.ts';

test('a guest has a MAC as much its own as its address, administered locally and for one receiver', () => {
  expect(macOf('10.209.160.4')).toBe('02:cf:0a:d1:a0:04');
  const macs = ['10.209.160.4', '10.209.160.5', '10.209.161.4'].map(macOf);
  expect(new Set([...macs, CARD_MAC]).size).toBe(4);
});

test('functions whose shares of a processor differ are clones of one snapshot; more processors are another machine', () => {
  const [share, whole, two] = [0.05, 1, 1.5].map((cpus) => kindOf(specOf({ cpus })));
  expect(share).toBe(whole);
  expect(two).not.toBe(whole);
  expect(two).toBe(kindOf(specOf({ cpus: 2 })));
});
