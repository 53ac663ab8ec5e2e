import { expect, it } from 'vitest';
import { consoleBed } from '../../testing/console-bed.ts';

const bed = consoleBed();

it('lists templates, and gives one with its code and events', async () => {
  const list = await bed.send('GET', '/api/v1/templates');
  expect([list.status, list.json.nextCursor]).toEqual([200, null]);
  const [first] = list.json.items;
  const template = await bed.send('GET', `/api/v1/templates/${first.name}`);
  expect(template.json).toMatchObject({
    ...first,
    manifest: { runtime: expect.any(String) },
    files: expect.any(Object),
    events: [expect.objectContaining({ name: expect.any(String) }), ...template.json.events.slice(1)],
  });
});

it('I7: an absent template is a 404 that names those there are', async () => {
  const reply = await bed.send('GET', '/api/v1/templates/absent');
  expect([reply.status, reply.json.code]).toEqual([404, 'template_not_found']);
  expect(reply.json.detail).toContain('hello-node');
});

it('a key that may not read sees none', async () => {
  const reply = await bed.send('GET', '/api/v1/templates', undefined, {}, 'invoke-key');
  expect([reply.status, reply.json.code]).toEqual([403, 'forbidden']);
});
