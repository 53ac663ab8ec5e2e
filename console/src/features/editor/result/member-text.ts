const BACKSLASH = 92;

/**
 * The text of one member of a JSON object just as it stands there, numbers and all; null when there is none of that name.
 * `json` is known to be valid.
 */
export function memberText(json: string, name: string): string | null {
  let depth = 0;
  let key: string | null = null;
  let from = 0;
  for (let at = 0; at < json.length; at++) {
    const char = json.charAt(at);
    if (char === '"') {
      const end = stringEnd(json, at);
      if (depth === 1 && key === null) key = JSON.parse(json.slice(at, end)) as string;
      at = end - 1;
    } else if (char === ':' && depth === 1) from = at + 1;
    else if (char === '{' || char === '[') depth++;
    else if (depth === 1 && (char === ',' || char === '}')) {
      if (key === name) return json.slice(from, at).trim();
      key = null;
    }
    if (char === '}' || char === ']') depth--;
  }
  return null;
}

/** Index after the closing quote of the string that opens at `start`. */
function stringEnd(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); quote !== -1; quote = json.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (json.charCodeAt(quote - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return quote + 1;
  }
  return json.length;
}
