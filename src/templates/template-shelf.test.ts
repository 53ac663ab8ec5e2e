import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TemplateShelf } from './template-shelf.ts';

describe('the templates', () => {
  const shelf = new TemplateShelf();

  it('are listed with topic, language and what they show', async () => {
    const list = await shelf.list();
    expect(list).toContainEqual({
      name: 'hello-python',
      topic: 'hello',
      language: 'python',
      description: expect.stringContaining('Hello'),
    });
    expect(list.every((one) => one.description !== '')).toBe(true);
  });

  it('are given with manifest, code and events, and without what is expected of them', async () => {
    const hello = await shelf.get('hello-node');
    expect(hello.manifest).toMatchObject({ name: 'hello', runtime: 'nodejs' });
    expect(Object.keys(hello.files)).toEqual(['index.mjs']);
    expect(hello.events).toEqual([{ name: 'ada', event: { name: 'Ada' } }]);
  });

  it.each(['absent', '../etc', '__proto__', ''])(
    'I7: %j is no template, and the refusal lists those there are',
    async (name) => {
      await expect(shelf.get(name)).rejects.toMatchObject({
        code: 'template_not_found',
        publicMessage: expect.stringContaining('hello-node'),
      });
    },
  );

  it('a folder that cannot be read is read again the next time', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'coldframe-templates-'));
    rmSync(folder, { recursive: true });
    const broken = new TemplateShelf(folder);
    await expect(broken.list()).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(broken.list()).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
