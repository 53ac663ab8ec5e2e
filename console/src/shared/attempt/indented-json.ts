const INDENT = '  ';
/** Deeper or longer texts are shown as they are: indenting must not make them many times larger. */
const DEPTH_MAX = 40;
const CHARS_MAX = 256 * 1024;

/**
 * JSON text with line ends and indents between its parts, and nothing else changed: numbers and strings stay as they were
 * sent (`1.0`, `12345678901234567890`), which parsing and writing it anew would lose. Other text comes back as it is.
 */
export function indentedJson(text: string): string {
  if (text.length > CHARS_MAX || !isJson(text)) return text;
  let out = '';
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g)) {
    if (token === '{' || token === '[') {
      depth++;
      if (depth > DEPTH_MAX) return text;
      out += token + lineAt(depth);
    } else if (token === '}' || token === ']') {
      depth--;
      const isEmpty = /[{[]\s*$/.test(out.slice(-DEPTH_MAX * 3));
      out = isEmpty ? out.trimEnd() + token : out + lineAt(depth) + token;
    } else if (token === ',') out += token + lineAt(depth);
    else if (token === ':') out += ': ';
    else out += token;
  }
  return out;
}

function lineAt(depth: number): string {
  return `\n${INDENT.repeat(depth)}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
