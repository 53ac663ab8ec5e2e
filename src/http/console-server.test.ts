import { describe, expect, it } from 'vitest';
import { consoleBed } from './testing/console-bed.ts';

const bed = consoleBed();

describe('the console server', () => {
  it('tells 404 from 405, with Allow', async () => {
    expect((await bed.send('GET', '/api/v1/nothing')).json.code).toBe('not_found');
    const wrong = await bed.send('PUT', '/api/v1/functions/hello');
    expect([wrong.status, wrong.json.code]).toEqual([405, 'method_not_allowed']);
    expect(wrong.headers.allow).toBe('DELETE, GET, HEAD, PATCH');
    expect((await bed.send('GET', '/api/v1/functions/hello/invoke')).status).toBe(405);
  });

  it('I7: an unknown failure leaves as `internal` with nothing of its cause', async () => {
    const { list } = bed.deps.functions;
    bed.deps.functions.list = () => {
      throw new Error('ENOENT /srv/secret/place');
    };
    const reply = await bed.send('GET', '/api/v1/functions');
    bed.deps.functions.list = list;
    expect([reply.status, reply.json.code]).toEqual([500, 'internal']);
    expect(reply.text).not.toMatch(/ENOENT|secret/);
    expect(bed.deps.logged.at(-1)).toMatchObject({ requestId: reply.json.requestId });
  });

  it('health is open; readiness names what is missing', async () => {
    expect((await bed.http.app.inject('/healthz')).statusCode).toBe(200);
    expect((await bed.http.app.inject('/readyz')).json()).toEqual({ ready: true });
    const docker = await bed.http.app.inject('/readyz?isolation=docker');
    expect([docker.statusCode, docker.json().ready]).toEqual([503, false]);
  });

  it('pages load only our own files and run no inline script', async () => {
    for (const url of ['/', '/docs', '/errors/throttled']) {
      const page = await bed.http.app.inject(url);
      expect(page.statusCode, url).toBe(200);
      expect(page.headers['content-security-policy']).toContain("script-src 'self'");
      expect(page.payload).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=|https?:\/\//i);
    }
    for (const url of ['/assets/landing.js', '/assets/page.css'])
      expect((await bed.http.app.inject(url)).statusCode).toBe(200);
    expect((await bed.http.app.inject('/errors/constructor')).statusCode).toBe(404);
  });

  it('Prometheus text is served as text to scope read', async () => {
    const reply = await bed.send('GET', '/metrics', undefined, {}, 'read-key');
    expect([reply.status, reply.text]).toEqual([200, 'coldframe_up 1\n']);
  });
});
