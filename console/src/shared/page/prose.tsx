import { proseParts } from '../../../../src/domain/prose.ts';

/** One of the server's own messages; what stands between backticks is shown as code. */
export function Prose({ text }: { text: string }) {
  let at = 0;
  return proseParts(text).map((part) => {
    at += part.text.length;
    return part.isCode ? <code key={at}>{part.text}</code> : part.text;
  });
}
