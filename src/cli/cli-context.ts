import { type Client, createClient } from '../client/generated/client/index.ts';
import type { CliConfig } from '../config/cli-config.ts';
import { visibleText } from '../domain/visible-text.ts';
import { CliError, EXIT } from './exit-code.ts';
import { Printer } from './output/printer.ts';
import { findServer, type ServerAddress } from './server/find-server.ts';

export interface GlobalFlags {
  url?: string;
  key?: string;
  profile?: string;
  dataDir?: string;
  json?: boolean;
  quiet?: boolean;
}

/** What a failed call carries, as far as the command line shows it. */
export interface Problem {
  code?: string;
  detail?: string;
  errors?: { path: string; message: string }[];
  error?: { errorType: string; errorMessage: string; stackTrace: string[] };
  invocationId?: string;
}

/** What every command gets: where the server is (found on first use), how to call it, how to print. */
export class CliContext {
  readonly config: CliConfig;
  readonly flags: GlobalFlags;
  readonly out: Printer;
  #server: ServerAddress | null = null;
  #client: Client | null = null;

  constructor(flags: GlobalFlags, config: CliConfig) {
    this.flags = flags;
    this.config = config;
    this.out = new Printer({ isJson: flags.json === true, isQuiet: flags.quiet === true });
  }

  /** Throws a CliError when no server is known. */
  get server(): ServerAddress {
    this.#server ??= findServer(this.flags, this.config);
    return this.#server;
  }

  get client(): Client {
    this.#client ??= createClient({
      baseUrl: this.server.url,
      headers: { authorization: `Bearer ${this.server.key}` },
    });
    return this.#client;
  }

  /** The data of a call of the generated client; a refusal becomes a CliError with exit code 4, no answer one with 3. */
  async data<T>(reply: Promise<{ data?: T; error?: unknown; response?: Response }>): Promise<T> {
    const { data, error, response } = await reply.catch((cause: unknown) => {
      throw this.unreachable(cause);
    });
    if (!response) throw this.unreachable(error);
    if (!response.ok) throw refused(response.status, error as Problem | string | undefined);
    return data as T;
  }

  /** A raw request, for bodies and replies that are not the client's JSON. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${this.server.key}`);
    return fetch(`${this.server.url}${path}`, { ...init, headers }).catch((cause: unknown) => {
      throw this.unreachable(cause);
    });
  }

  unreachable(cause: unknown): CliError {
    const reason =
      cause instanceof Error
        ? ((cause.cause as NodeJS.ErrnoException | undefined)?.code ?? cause.message)
        : 'no answer';
    return new CliError(
      EXIT.cannotReachServer,
      `The server at ${this.server.url} cannot be reached (${reason}).`,
      'Is it running? `coldframe up` starts one.',
    );
  }
}

/** The server's problem as one message for a person, control characters escaped. */
export function refused(status: number, problem: Problem | string | undefined): CliError {
  if (typeof problem !== 'object' || problem === null)
    return new CliError(EXIT.refused, `The server answered ${status}.`);
  const fields = (problem.errors ?? []).map((field) => `\n  ${visibleText(field.path)}: ${visibleText(field.message)}`);
  return new CliError(
    EXIT.refused,
    `${visibleText(problem.detail ?? `The server answered ${status}.`)} (${problem.code ?? status})${fields.join('')}`,
  );
}
