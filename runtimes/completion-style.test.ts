import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';

type Handler = (...args: never[]) => unknown;

const { completesByCallback } = createRequire(import.meta.url)('./node/completion-style.cjs') as {
  completesByCallback(handler: Handler): boolean;
};

/** As the author's text: a compiler must not rewrite it. */
function written(source: string): Handler {
  return new Function(`return (${source});`)();
}

describe('a handler that completes by callback', () => {
  it.each([
    '(event, context, callback) => {}',
    '(event, context, callback = null) => 1',
    'function () { arguments[2](null, 1); }',
    '(event, ctx) => { setTimeout(() => ctx.succeed(1)); return false; }',
    'function (event, context) { context . done(null, 1); }',
    '(event, context) => { const { succeed } = context; succeed(1); }',
    '(event, { done }) => done()',
    "({ handler(event, ctx) { ctx['fail'](1); } }).handler",
    '(event, $c) => { $c?.done(); }',
    '({ a, b } = {}, ctx) => ctx.done(null, a)',
  ])('is seen by its text: %s', (source) => {
    expect(completesByCallback(written(source))).toBe(true);
  });

  it.each([
    '(event) => event',
    'event => ({ done: 1 })',
    '(event, context) => ({ fail: 0, id: context.awsRequestId })',
    '(...all) => 1',
    '(event, context) => context.doneAt',
    '((event, context) => 1).bind(null)',
    '(event, context) => event.context.done',
  ])('is not taken for one: %s', (source) => {
    expect(completesByCallback(written(source))).toBe(false);
  });

  it('is not seen where the context is only handed on', () => {
    expect(completesByCallback(written('(event, context) => other(event, context)'))).toBe(false);
  });
});
