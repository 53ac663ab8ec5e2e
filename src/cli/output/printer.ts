import { plainProse } from '../../domain/prose.ts';

/** stdout is for data, stderr for everything else, so `coldframe ... | jq` works. */
export class Printer {
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  readonly isTerminal: boolean;

  constructor(options: { isJson: boolean; isQuiet: boolean }) {
    this.isJson = options.isJson;
    this.isQuiet = options.isQuiet;
    this.isTerminal = process.stdout.isTTY === true;
  }

  /** The command's data: `value` with --json, else the text for people. */
  data(value: unknown, text: () => string): void {
    process.stdout.write(
      this.isJson ? `${JSON.stringify(value, null, this.isTerminal ? 2 : undefined)}\n` : `${text()}\n`,
    );
  }

  /** Bytes as they are (a function's result). */
  raw(bytes: Uint8Array | string): void {
    process.stdout.write(bytes);
  }

  /** One of our own messages, shown without its backticks. */
  progress(text: string): void {
    if (!this.isQuiet) process.stderr.write(`${plainProse(text)}\n`);
  }

  problem(text: string): void {
    process.stderr.write(`${text}\n`);
  }
}
