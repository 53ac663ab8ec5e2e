import { expect, test } from 'vitest';
import { parseEgressAllow } from './egress-allow.ts';

test('addresses, networks and ports are read; a network begins at its first address', () => {
  expect(parseEgressAllow('10.1.2.3, 10.1.2.3:5432,192.168.7.9/16')).toEqual([
    { cidr: '10.1.2.3/32', port: null },
    { cidr: '10.1.2.3/32', port: 5432 },
    { cidr: '192.168.0.0/16', port: null },
  ]);
});

test.each([
  '',
  'example.org',
  '10.1.2',
  '10.1.2.256',
  '10.0.0.0/33',
  '0.0.0.0/0',
  '10.1.2.3:0',
  '10.1.2.3:70000',
  '::1',
  '10.1.2.3,',
])('refuses %j', (text) => expect(parseEgressAllow(text)).toBeNull());

test('loopback cannot be allowed, not even as a part of something larger', () => {
  expect(parseEgressAllow('127.0.0.1')).toBeNull();
  expect(parseEgressAllow('64.0.0.0/2')).toBeNull();
});
