import type { Readable } from 'node:stream';

const KEPT_MAX_CHARS = 4_000;
/** A guest that has broken its own kernel may print without end; beyond this it waits for a reader that does not come. */
const READ_MAX_BYTES = 16 * 1024 * 1024;

/** Reads what a monitor and its guest's kernel print, so that neither ever waits for us, and keeps the end of it. */
export class ConsoleTail {
  #text = '';

  constructor(output: Readable) {
    let bytes = 0;
    output.on('data', (chunk: Buffer) => {
      this.#text = (this.#text + chunk.toString('latin1')).slice(-KEPT_MAX_CHARS);
      bytes += chunk.length;
      if (bytes > READ_MAX_BYTES) output.pause();
    });
    output.on('error', () => {});
  }

  get text(): string {
    return this.#text;
  }
}
