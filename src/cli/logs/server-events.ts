export interface ServerEvent {
  id: string | null;
  event: string;
  data: string;
}

/** Server-sent events of a reply, as they come (WHATWG HTML, 9.2); ends when the stream does. */
export async function* readServerEvents(reply: Response): AsyncGenerator<ServerEvent> {
  if (!reply.body) return;
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of reply.body) {
      rest += decoder.decode(chunk as Uint8Array, { stream: true });
      const blocks = rest.split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = parse(block);
        if (event) yield event;
      }
    }
  } catch {
    // A stream that breaks off has ended; the caller connects again from the last id.
  }
}

function parse(block: string): ServerEvent | null {
  const event: ServerEvent = { id: null, event: 'message', data: '' };
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const at = line.indexOf(':');
    if (at <= 0) continue;
    const value = line.slice(at + 1).replace(/^ /, '');
    const field = line.slice(0, at);
    if (field === 'data') data.push(value);
    else if (field === 'id') event.id = value;
    else if (field === 'event') event.event = value;
  }
  event.data = data.join('\n');
  return data.length > 0 ? event : null;
}
