// Numbers as they were written: 1.0 and 12345678901234567890 are not what JSON.parse makes of them. Engines without
// access to the source text show the parsed number.
interface SourceContext {
  source?: string;
}
interface RawJson {
  rawJSON?: (text: string) => unknown;
}

const rawJson = (JSON as RawJson).rawJSON;

/** Above it indenting costs more than it shows. */
const INDENT_MAX_CHARS = 1024 * 1024;

/** JSON text indented, its numbers untouched; text that is no JSON, or very long, is returned as it is. */
export function indentJson(text: string): string {
  if (text.length > INDENT_MAX_CHARS) return text;
  try {
    return JSON.stringify(JSON.parse(text, exact as (key: string, value: unknown) => unknown), null, 2);
  } catch {
    return text;
  }
}

/** The text of one member of a JSON object, numbers untouched; null when there is no such member. */
export function memberText(text: string, name: string): string | null {
  const whole = JSON.parse(text, exact as (key: string, value: unknown) => unknown) as Record<string, unknown>;
  return Object.hasOwn(whole, name) ? JSON.stringify(whole[name]) : null;
}

function exact(_key: string, value: unknown, context?: SourceContext): unknown {
  if (typeof value !== 'number' || rawJson === undefined || context?.source === undefined) return value;
  return rawJson(context.source);
}
