import { expect, test } from 'vitest';
import { CARD_MAC, macOf } from './microvm-machine.ts';

test('a guest has a MAC as much its own as its address, administered locally and for one receiver', () => {
  expect(macOf('10.209.160.4')).toBe('02:cf:0a:d1:a0:04');
  const macs = ['10.209.160.4', '10.209.160.5', '10.209.161.4'].map(macOf);
  expect(new Set([...macs, CARD_MAC]).size).toBe(4);
});
