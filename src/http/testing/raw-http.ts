import { connect, type Socket } from 'node:net';

const DEADLINE_MS = 10_000;

export interface RawReply {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Writes bytes as they are and resolves with everything the server answered until it closed, or until `isWhole` is content. */
export function exchange(
  port: number,
  bytes: string | Buffer | ((socket: Socket) => void),
  isWhole: (text: string) => boolean = () => false,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const deadline = setTimeout(() => finish(new Error(`no answer in time; so far: ${text}`)), DEADLINE_MS);
    const finish = (error: Error | null): void => {
      clearTimeout(deadline);
      socket.destroy();
      if (error) reject(error);
      else resolve(text);
    };
    socket.on('connect', () => (typeof bytes === 'function' ? bytes(socket) : socket.write(bytes)));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (isWhole(text)) finish(null);
    });
    socket.on('end', () => finish(null));
    socket.on('error', (error) => (text === '' ? finish(error) : finish(null)));
  });
}

/** Splits one or more responses with content-length. */
export function repliesOf(text: string): RawReply[] {
  const replies: RawReply[] = [];
  let rest = text;
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) break;
    const [statusLine = '', ...lines] = rest.slice(0, end).split('\r\n');
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const length = Number(headers['content-length'] ?? 0);
    replies.push({ status: Number(statusLine.split(' ')[1]), headers, body: rest.slice(end + 4, end + 4 + length) });
    rest = rest.slice(end + 4 + length);
  }
  return replies;
}

/** Waits for a claim to become true, with a deadline. */
export async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`never became true: ${isTrue}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
