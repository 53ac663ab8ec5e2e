import { readFileSync } from 'node:fs';
import { CliError, EXIT } from '../exit-code.ts';

/** The event of --event: JSON text, `@file`, or `-` for stdin; checked here, so that a typo never reaches the server. */
export async function readEvent(option: string | undefined): Promise<Buffer<ArrayBuffer>> {
  const bytes = await readBytes(option);
  try {
    JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new CliError(
      EXIT.usage,
      `The event is not valid JSON: ${(error as Error).message}.`,
      'Put it in single quotes, or in a file: --event @event.json',
    );
  }
  return bytes;
}

async function readBytes(option: string | undefined): Promise<Buffer<ArrayBuffer>> {
  if (option === undefined) return Buffer.from('{}');
  if (option === '-') {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }
  if (!option.startsWith('@')) return Buffer.from(option);
  try {
    return Buffer.from(readFileSync(option.slice(1)));
  } catch (error) {
    throw new CliError(EXIT.usage, `The event file cannot be read: ${(error as Error).message}.`);
  }
}
