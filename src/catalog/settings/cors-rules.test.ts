import { expect, it } from 'vitest';
import { corsProblems } from './cors-rules.ts';

it.each([
  ['*'],
  ['null'],
  ['https://a.example'],
  ['http://localhost:3000'],
  ['capacitor://localhost'],
  ['http://[::1]:3000'],
])('the origin %s can be sent by a browser', (origin) => {
  expect(corsProblems({ allowOrigins: [origin] })).toEqual([]);
});

it.each([
  ['https://a.example/', 'browsers send https://a.example'],
  ['https://a.example/path', 'browsers send https://a.example'],
  ['https://A.example', 'browsers send https://a.example'],
  ['https://a.example:443', 'browsers send https://a.example'],
  ['https://*.a.example', 'list each origin'],
  ['a.example', 'is no origin'],
])('the origin %s would never match, and why is said', (origin, message) => {
  expect(corsProblems({ allowOrigins: ['https://ok.example', origin] })).toEqual([
    { path: '/url/cors/allowOrigins', message: expect.stringContaining(message) },
  ]);
});

it('methods are as browsers send them', () => {
  expect(corsProblems({ allowMethods: ['GET', '*', 'PATCH'] })).toEqual([]);
  expect(corsProblems({ allowMethods: ['get'] })).toHaveLength(1);
});
