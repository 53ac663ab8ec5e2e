import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { App } from '../app-types.ts';
import type { BodyBudget } from './body-budget.ts';
import { createRawBodyParser } from './json-body-parser.ts';
import { isOneValue, jsonMembers, parseSlice } from './json-members.ts';
import { isCheapJson } from './json-work.ts';

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
    const members = body.length === 0 ? new Map<string, Buffer>() : jsonMembers(body);
    if (members === null) throw notAnObject(body);
    for (const [name, slice] of members) {
      if (name === 'event') events.set(parsed, slice);
      const value = name === 'event' ? null : parseMember(slice);
      Object.defineProperty(parsed, name, { value, enumerable: true });
    }
  } catch (error) {
    done(error instanceof ColdframeError ? error : new ColdframeError('invalid_json', { cause: error }));
    return;
  }
  done(null, parsed);
}

function parseMember(slice: Buffer): unknown {
  if (!isCheapJson(slice)) throw new ColdframeError('json_too_complex');
  return parseSlice(slice);
}

function notAnObject(body: Buffer): ColdframeError {
  if (!isOneValue(body)) return new ColdframeError('invalid_json');
  return new ColdframeError('invalid_request', { errors: [{ path: '', message: 'must be an object' }] });
}
