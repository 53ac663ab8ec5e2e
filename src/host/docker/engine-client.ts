import { EngineError } from './engine-error.ts';
import { type EngineCall, EngineTransport, parse } from './engine-transport.ts';
import type {
  ContainerConfig,
  ContainerInspection,
  ContainerSummary,
  EngineInfo,
  EngineVersion,
  ImageInspection,
  ImageSummary,
} from './engine-types.ts';

/** Oldest API spoken (Docker 19.03) and newest known. We use the daemon's newest, or our newest when that is older. */
const API_OLDEST = [1, 40] as const;
const API_NEWEST = [1, 51] as const;

/** How long each kind of call may take, in milliseconds, before the daemon counts as hung. */
export const ENGINE_DEADLINES_MS = {
  ping: 3_000,
  read: 5_000,
  /** A loaded daemon takes seconds for a create under a burst. */
  change: 20_000,
} as const;

export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Replaces the default deadline of that call. */
  deadlineMs?: number;
}

/**
 * A small client for the Docker Engine API: what sandboxes need and nothing else. Every call has a deadline, may be aborted
 * and rejects with an EngineError; none retries. An aborted or lost `create` may still have been carried out, so names are
 * chosen by the caller and can be removed afterwards. Images are in `engine-images.ts`.
 */
export class EngineClient {
  readonly transport: EngineTransport;
  #version: Promise<string> | null = null;

  constructor(options: { socketPath: string }) {
    this.transport = new EngineTransport(options.socketPath);
  }

  /** Asks whether the daemon answers, and which API it speaks. */
  async ping(options: CallOptions = {}): Promise<{ apiVersion: string }> {
    const reply = await this.transport.send({
      method: 'GET',
      path: '/_ping',
      deadlineMs: options.deadlineMs ?? ENGINE_DEADLINES_MS.ping,
      signal: options.signal,
    });
    const header = reply.headers['api-version'];
    if (typeof header !== 'string') throw new EngineError('invalid_reply', 'GET /_ping: no Api-Version header');
    return { apiVersion: header };
  }

  async info(options: CallOptions = {}): Promise<EngineInfo> {
    return (await this.#json('GET', '/info', options)) as unknown as EngineInfo;
  }

  async version(options: CallOptions = {}): Promise<EngineVersion> {
    return (await this.#json('GET', '/version', options)) as unknown as EngineVersion;
  }

  /** Creates a container under a name of the caller's; resolves with the engine's id. */
  async createContainer(name: string, config: ContainerConfig, options: CallOptions = {}): Promise<string> {
    const path = `/containers/create?name=${encodeURIComponent(name)}`;
    const reply = await this.#json('POST', path, { deadlineMs: ENGINE_DEADLINES_MS.change, ...options }, config);
    if (typeof reply.Id !== 'string') throw new EngineError('invalid_reply', 'POST /containers/create: no Id');
    return reply.Id;
  }

  /** Starts it; a container already started is a success. */
  async startContainer(id: string, options: CallOptions = {}): Promise<void> {
    await this.call({ method: 'POST', path: `${container(id)}/start`, accept: [304] }, change(options));
  }

  async inspectContainer(id: string, options: CallOptions = {}): Promise<ContainerInspection> {
    return (await this.#json('GET', `${container(id)}/json`, options)) as unknown as ContainerInspection;
  }

  /** Resolves false when the container no longer ran or existed. */
  async killContainer(id: string, options: CallOptions = {}): Promise<boolean> {
    const call = { method: 'POST', path: `${container(id)}/kill?signal=KILL`, accept: [404, 409] } as const;
    return (await this.call(call, change(options))).status < 300;
  }

  /** Kills the container and removes it with its anonymous volumes. Resolves false when there was none. */
  async removeContainer(id: string, options: CallOptions = {}): Promise<boolean> {
    const call = { method: 'DELETE', path: `${container(id)}?force=true&v=true`, accept: [404] } as const;
    return (await this.call(call, change(options))).status < 300;
  }

  /** Resolves with the exit code once the container has stopped. */
  async waitContainer(id: string, options: CallOptions & { deadlineMs: number }): Promise<number> {
    const call = { method: 'POST', path: `${container(id)}/wait`, lasting: true } as const;
    const reply = parse((await this.call(call, options)).text, 'wait');
    if (typeof reply.StatusCode !== 'number') throw new EngineError('invalid_reply', 'wait: no StatusCode');
    return reply.StatusCode;
  }

  /** All containers, running or not, that carry every given label (`name` or `name=value`). */
  async listContainers(labels: string[], options: CallOptions = {}): Promise<ContainerSummary[]> {
    return (await this.#list(`/containers/json?all=true&${labelFilter(labels)}`, options)) as ContainerSummary[];
  }

  /** Resolves with null when there is no such image. */
  async inspectImage(reference: string, options: CallOptions = {}): Promise<ImageInspection | null> {
    const call = { method: 'GET', path: `${image(reference)}/json`, accept: [404] } as const;
    const reply = await this.call(call, options);
    return reply.status === 404 ? null : (parse(reply.text, 'image inspect') as unknown as ImageInspection);
  }

  async listImages(labels: string[], options: CallOptions = {}): Promise<ImageSummary[]> {
    return (await this.#list(`/images/json?${labelFilter(labels)}`, options)) as ImageSummary[];
  }

  /** Resolves false when the image is absent or a container uses it; never forces. */
  async removeImage(reference: string, options: CallOptions = {}): Promise<boolean> {
    const call = { method: 'DELETE', path: image(reference), accept: [404, 409] } as const;
    return (await this.call(call, change(options))).status < 300;
  }

  /** Any other call; its path is given without the version prefix. */
  async call(call: Omit<EngineCall, 'deadlineMs'>, options: CallOptions) {
    const path = `/v${await this.apiVersion(options.signal)}${call.path}`;
    return await this.transport.send({ deadlineMs: ENGINE_DEADLINES_MS.read, ...call, ...options, path });
  }

  /** The API version used with this daemon. It is asked once, and again after a failure. */
  async apiVersion(signal?: AbortSignal): Promise<string> {
    this.#version ??= this.#negotiate();
    const version = this.#version;
    try {
      return await withAbort(version, signal);
    } catch (error) {
      if (this.#version === version && !signal?.aborted) this.#version = null;
      throw error;
    }
  }

  /** Breaks every call under way and drops the connections. */
  async close(): Promise<void> {
    await this.transport.close();
  }

  async #negotiate(): Promise<string> {
    const { apiVersion } = await this.ping();
    const [major = 0, minor = 0] = apiVersion.split('.').map(Number);
    if (major !== API_OLDEST[0] || !(minor >= API_OLDEST[1])) {
      throw new EngineError('unsupported', `the engine speaks API ${apiVersion}; ${API_OLDEST.join('.')} is needed`);
    }
    return `${major}.${Math.min(minor, API_NEWEST[1])}`;
  }

  async #json(method: 'GET' | 'POST', path: string, options: CallOptions, body?: unknown) {
    const reply = await this.call(body === undefined ? { method, path } : { method, path, body }, options);
    return parse(reply.text, `${method} ${path.split('?', 1)[0]}`);
  }

  async #list(path: string, options: CallOptions): Promise<unknown[]> {
    const value: unknown = parse((await this.call({ method: 'GET', path }, options)).text, 'list');
    if (!Array.isArray(value)) throw new EngineError('invalid_reply', 'list: not an array');
    return value;
  }
}

/** Lets one caller stop waiting for something that others share. */
async function withAbort<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return await shared;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new EngineError('aborted', 'aborted'));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([shared, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function change(options: CallOptions): CallOptions {
  return { deadlineMs: ENGINE_DEADLINES_MS.change, ...options };
}

function container(id: string): string {
  return `/containers/${encodeURIComponent(id)}`;
}

function image(reference: string): string {
  return `/images/${reference.split('/').map(encodeURIComponent).join('/')}`;
}

function labelFilter(labels: string[]): string {
  return `filters=${encodeURIComponent(JSON.stringify({ label: labels }))}`;
}
