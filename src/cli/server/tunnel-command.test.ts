import { expect, it } from 'vitest';
import { tunnelCommand } from './tunnel-command.ts';

const HERE = {
  platform: 'linux' as const,
  userName: 'ada',
  hostName: 'box',
  urls: ['http://127.0.0.1:8642', 'http://127.0.0.1:8643'],
};

it('over ssh it names the address that was reached, and both ports', () => {
  const env = { SSH_CONNECTION: '10.0.0.5 51234 10.0.0.9 22', DISPLAY: ':10' };
  const forwards = '-L 8642:127.0.0.1:8642 -L 8643:127.0.0.1:8643';
  expect(tunnelCommand({ ...HERE, env })).toBe(`ssh ${forwards} ada@10.0.0.9`);
  const other = { SSH_CONNECTION: '10.0.0.5 51234 10.0.0.9 2222' };
  expect(tunnelCommand({ ...HERE, env: other })).toBe(`ssh -p 2222 ${forwards} ada@10.0.0.9`);
});

it('without a display it names this host', () => {
  expect(tunnelCommand({ ...HERE, env: {} })).toMatch(/ ada@box$/);
});

it('is not given where a browser can run, or where the server is reached from elsewhere', () => {
  expect(tunnelCommand({ ...HERE, env: { DISPLAY: ':0' } })).toBeNull();
  expect(tunnelCommand({ ...HERE, env: { WAYLAND_DISPLAY: 'wayland-0' } })).toBeNull();
  expect(tunnelCommand({ ...HERE, env: {}, platform: 'darwin' })).toBeNull();
  expect(tunnelCommand({ ...HERE, env: {}, urls: ['https://console.example.org', HERE.urls[1]!] })).toBeNull();
});
