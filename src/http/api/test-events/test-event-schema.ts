import Type from 'typebox';
import { MIB, NAME_PATTERN } from '../../../domain/limits.ts';
import { ColdframeError } from '../../../errors/coldframe-error.ts';
import { NAME_PARAMS } from '../functions/function-schema.ts';

/** A test event is checked as JSON on the serving thread. Larger ones would hold the thread for too long. */
export const TEST_EVENT_MAX_BYTES = MIB;

export const TEST_EVENT_PARAMS = Type.Object({
  ...NAME_PARAMS.properties,
  event: Type.String({ pattern: NAME_PATTERN }),
});

export const TEST_EVENT = Type.Object({
  name: Type.String(),
  event: Type.Any({ description: 'The event, any JSON.' }),
  updatedAt: Type.String(),
});

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The event's text exactly as sent. Throws `invalid_json`. */
export function eventTextOf(body: Buffer): string {
  try {
    const text = UTF8.decode(body);
    JSON.parse(text);
    return text;
  } catch (error) {
    throw new ColdframeError('invalid_json', { cause: error });
  }
}
