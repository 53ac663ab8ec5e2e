import { expect, test } from 'vitest';
import { packagePaths } from './package-paths.ts';

test('paths of the package lead to where it lies', () => {
  expect(packagePaths('--require /var/task/a.js --import=file:///x', '/slot/code')).toBe(
    '--require /slot/code/a.js --import=file:///x',
  );
  expect(packagePaths('/var/task:/var/task/lib:/opt/lib', '/slot/code')).toBe('/slot/code:/slot/code/lib:/opt/lib');
  expect(packagePaths('--require=/var/task/a.js', '/slot/code')).toBe('--require=/slot/code/a.js');
});

test('what only looks like one is left alone', () => {
  for (const value of ['/var/tasks/a.js', '/srv/var/task/a.js', 'a/var/task', '']) {
    expect(packagePaths(value, '/slot/code')).toBe(value);
  }
  expect(packagePaths('/var/task/lib', '/var/task')).toBe('/var/task/lib');
});
