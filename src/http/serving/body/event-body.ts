import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { App } from '../app-types.ts';
import type { BodyBudget } from './body-budget.ts';
import { createRawBodyParser } from './json-body-parser.ts';
import { jsonMembers, parseSlice } from './json-members.ts';

const EMPTY_EVENT = Buffer.from('{}');

/**
 * Registers operations whose JSON body has an `event` member that must reach the handler as it was sent: the body is parsed
 * without it, and `eventOf(request.body)` gives its bytes, `{}` when there is none.
 */
export function withEventBody(
  app: App,
  budget: BodyBudget,
  register: (scope: App, eventOf: (body: object) => Buffer) => void,
): void {
  const events = new WeakMap<object, Buffer>();
  const readRaw = createRawBodyParser(budget);
  app.register(async (scope: App) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/json', (request, payload, done) => {
      readRaw(request, payload, (error, body) => {
        if (error) done(error);
        else parseAround(body as Buffer, events, done);
      });
    });
    register(scope, (body) => events.get(body) ?? EMPTY_EVENT);
  });
}

/** Parses the members except the event, whose slice is kept. */
function parseAround(
  body: Buffer,
  events: WeakMap<object, Buffer>,
  done: (error: Error | null, body?: unknown) => void,
): void {
  const parsed: Record<string, unknown> = {};
  try {
    for (const [name, slice] of jsonMembers(body) ?? []) {
      if (name === 'event') events.set(parsed, slice);
      Object.defineProperty(parsed, name, { value: name === 'event' ? null : parseSlice(slice), enumerable: true });
    }
  } catch (error) {
    done(new ColdframeError('invalid_json', { cause: error }));
    return;
  }
  done(null, parsed);
}
