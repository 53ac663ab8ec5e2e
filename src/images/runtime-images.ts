import { SandboxError } from '../contract/sandbox-error.ts';
import type { Log } from '../domain/log.ts';
import type { RuntimeId } from '../domain/names.ts';
import type { EngineClient } from '../host/docker/engine-client.ts';
import { EngineError } from '../host/docker/engine-error.ts';
import { buildImage, importImage, pullImage } from '../host/docker/engine-images.ts';
import type { EngineProgress, ImageInspection } from '../host/docker/engine-types.ts';
import { BootstrapAbsent, bootstrapDebian } from './debian-base.ts';
import { BASE_LABEL, type ImageRecipe, RECIPE_LABEL, type RecipeOptions, readRecipe } from './image-recipe.ts';
import { tarArchive } from './tar-archive.ts';

/**
 * A registry that is silent for this long does not answer here. On a host without a registry, making the base begins
 * that much later.
 */
const PULL_FIRST_ANSWER_MS = 8_000;
/** Unused images of other recipes younger than this are kept: another server on this daemon may be about to use them. */
const PRUNE_AGE_MS = 24 * 60 * 60_000;
/** Share of the whole work that making the base takes. */
const BASE_FRACTION = 0.75;

export const DEFAULT_BASE_IMAGE = 'python:3.11-slim-bookworm';
export const DEFAULT_SUITE = 'bookworm';

/** An image that sandboxes can be made from. */
export interface RuntimeImage {
  reference: string;
  /** `sha256:...`, as receipts show it. */
  digest: string;
  runtimes: RuntimeId[];
}

export interface PrepareProgress {
  /** What is being done, for people. */
  step: string;
  /** 0 to 1 of the whole. */
  fraction: number;
}

export interface RuntimeImagesOptions extends RecipeOptions {
  engine: EngineClient;
  log: Log;
  pullFirstAnswerMs?: number;
  /** Replaces `mmdebstrap`. */
  bootstrapCommand?: string;
}

export interface PrepareOptions {
  onProgress?: (progress: PrepareProgress) => void;
  signal: AbortSignal;
}

/**
 * The one image holding all runtimes, under a tag made from its recipe: a restart finds it at once, changed shims or another
 * Node build a new one. The base is pulled or, where no registry answers, bootstrapped from Debian packages. States: unknown
 * again). Callers at the same time share one preparation; it is cancelled when the last of them has aborted. Two
 * servers that build at once waste work but do no harm: equal recipes give the same tag.
 */
export class RuntimeImages {
  readonly #options: RuntimeImagesOptions;
  #recipe: Promise<ImageRecipe> | null = null;
  #current: RuntimeImage | null = null;
  #progress: PrepareProgress | null = null;
  #failure: Error | null = null;
  #running: { done: Promise<RuntimeImage>; control: AbortController; callers: number } | null = null;
  readonly #listeners = new Set<(progress: PrepareProgress) => void>();

  constructor(options: RuntimeImagesOptions) {
    this.#options = options;
  }

  get current(): RuntimeImage | null {
    return this.#current;
  }

  /** How far a running preparation is; null when none runs. */
  get progress(): PrepareProgress | null {
    return this.#progress;
  }

  /** Why the last preparation failed; null while one runs or after success. */
  get failure(): Error | null {
    return this.#failure;
  }

  /**
   * Looks whether the image is already there, and forgets it if it is gone; builds nothing. Rejects with an
   * EngineError.
   */
  async find(signal: AbortSignal): Promise<RuntimeImage | null> {
    const recipe = await this.#readRecipe();
    const found = await this.#options.engine.inspectImage(recipe.reference, { signal });
    this.#current = found ? imageOf(recipe, found) : null;
    return this.#current;
  }

  /** Makes the image unless it is there; safe to repeat and to call at the same time. Rejects with a SandboxError. */
  async prepareImages(options: PrepareOptions): Promise<RuntimeImage> {
    options.signal.throwIfAborted();
    this.#running ??= this.#begin();
    const running = this.#running;
    const { onProgress, signal } = options;
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const leave = () => {
      if (--running.callers === 0) {
        running.control.abort();
        if (this.#running === running) this.#running = null;
      }
      reject(new SandboxError('isolation_preparing', 'the preparation of images was aborted'));
    };
    running.callers++;
    if (onProgress) this.#listeners.add(onProgress);
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([running.done, aborted]);
    } finally {
      signal.removeEventListener('abort', leave);
      if (onProgress) this.#listeners.delete(onProgress);
    }
  }

  #begin() {
    const control = new AbortController();
    this.#failure = null;
    const done = this.#prepare(control.signal).then(
      (image) => {
        this.#settle(control, image, null);
        return image;
      },
      (error: unknown) => {
        const failure = control.signal.aborted ? null : asSandboxError(error);
        this.#settle(control, this.#current, failure);
        throw failure ?? new SandboxError('isolation_preparing', 'the preparation of images was aborted');
      },
    );
    done.catch(() => {});
    return { done, control, callers: 0 };
  }

  #settle(control: AbortController, image: RuntimeImage | null, failure: Error | null): void {
    // An abandoned preparation ends after its successor has begun.
    if (this.#running !== null && this.#running.control !== control) return;
    this.#current = image;
    this.#failure = failure;
    this.#progress = null;
    this.#running = null;
  }

  async #prepare(signal: AbortSignal): Promise<RuntimeImage> {
    const recipe = await this.#readRecipe();
    const present = await this.find(signal);
    if (present) return present;
    this.#report('preparing the base image', 0);
    const base = await this.#base(recipe, signal);
    this.#report('adding runtimes', BASE_FRACTION);
    const dockerfile = { name: 'Dockerfile', mode: 0o644, content: Buffer.from(recipe.dockerfile(base)) };
    const context = tarArchive([dockerfile, ...recipe.files]);
    const onProgress = (line: EngineProgress) => {
      const step = /^Step (\d+)\/(\d+)/.exec(line.stream ?? '');
      if (step) this.#report('adding runtimes', BASE_FRACTION + (0.24 * Number(step[1])) / Number(step[2]));
    };
    await buildImage(this.#options.engine, recipe.reference, context, { labels: recipe.labels, signal, onProgress });
    const built = await this.find(signal);
    if (!built) throw new SandboxError('sandbox_start_failed', 'the engine built the image but does not have it');
    await this.#prune(recipe, signal);
    return built;
  }

  /** The reference of a base image that is now on the daemon. */
  async #base(recipe: ImageRecipe, signal: AbortSignal): Promise<string> {
    const { engine, baseImage, log } = this.#options;
    if (await engine.inspectImage(baseImage, { signal })) return baseImage;
    if (await engine.inspectImage(recipe.baseReference, { signal })) return recipe.baseReference;
    const layers = new Map<string, number>();
    const onProgress = (line: EngineProgress) => {
      const { current, total } = line.progressDetail ?? {};
      if (line.id && current && total) layers.set(line.id, current / total);
      const sum = [...layers.values()].reduce((a, b) => a + b, 0);
      this.#report(`pulling ${baseImage}`, layers.size === 0 ? 0.02 : (BASE_FRACTION * sum) / layers.size);
    };
    try {
      const firstAnswerMs = this.#options.pullFirstAnswerMs ?? PULL_FIRST_ANSWER_MS;
      await pullImage(engine, baseImage, { firstAnswerMs, signal, onProgress });
      return baseImage;
    } catch (error) {
      if (signal.aborted || !(error instanceof EngineError) || error.isUnreachable) throw error;
      log.info({ reason: error.message }, 'no registry gave the base image; bootstrapping it from Debian packages');
      return await this.#bootstrap(recipe, error, signal);
    }
  }

  async #bootstrap(recipe: ImageRecipe, pullFailure: EngineError, signal: AbortSignal): Promise<string> {
    const { engine, suite, bootstrapCommand: command } = this.#options;
    const report = (fraction: number) => this.#report(`bootstrapping Debian ${suite}`, BASE_FRACTION * fraction);
    report(0.01);
    let failure: unknown = null;
    const archive = bootstrapDebian({ suite, signal, onProgress: report, command });
    archive.on('error', (error) => {
      failure = error;
    });
    try {
      const changes = [`LABEL ${BASE_LABEL}=${suite}`];
      await importImage(engine, recipe.baseReference, archive, { changes, signal, onProgress: () => {} });
      return recipe.baseReference;
    } catch (error) {
      if (signal.aborted) throw error;
      const cause = failure ?? error;
      const reason = cause instanceof BootstrapAbsent ? `${cause.message} (apt-get install mmdebstrap)` : String(cause);
      throw new SandboxError('sandbox_start_failed', `no base image: ${pullFailure.message}; ${reason}`, { cause });
    }
  }

  /** Removes images of other recipes that nothing uses. What cannot be removed now is tried again at the next build. */
  async #prune(recipe: ImageRecipe, signal: AbortSignal): Promise<void> {
    const { engine, log } = this.#options;
    const bornBefore = (Date.now() - PRUNE_AGE_MS) / 1000;
    for (const image of await engine.listImages([RECIPE_LABEL], { signal })) {
      if (image.Labels?.[RECIPE_LABEL] === recipe.hash || image.Created > bornBefore) continue;
      if (await engine.removeImage(image.RepoTags?.[0] ?? image.Id, { signal }))
        log.info({ image: image.Id }, 'removed an old runtime image');
    }
  }

  #readRecipe(): Promise<ImageRecipe> {
    this.#recipe ??= readRecipe(this.#options).catch((error) => {
      this.#recipe = null;
      throw error;
    });
    return this.#recipe;
  }

  #report(step: string, fraction: number): void {
    this.#progress = { step, fraction: Math.min(0.99, Math.max(this.#progress?.fraction ?? 0, fraction)) };
    for (const listener of this.#listeners) listener(this.#progress);
  }
}

function imageOf(recipe: ImageRecipe, found: ImageInspection): RuntimeImage {
  return { reference: recipe.reference, digest: found.Id, runtimes: recipe.runtimes };
}

function asSandboxError(error: unknown): SandboxError {
  if (error instanceof SandboxError) return error;
  const code = error instanceof EngineError && error.isUnreachable ? 'isolation_unavailable' : 'sandbox_start_failed';
  return new SandboxError(code, error instanceof Error ? error.message : String(error), { cause: error });
}
