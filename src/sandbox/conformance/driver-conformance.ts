import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import {
  type Box,
  type CodeRef,
  type Driver,
  type ProbeResult,
  type SandboxSpec,
  UNMEASURED,
} from '../../contract/driver.ts';
import { type Language, languageOf } from '../../domain/runtimes.ts';
import { guardDriver } from '../guard/guarded-driver.ts';
import { CallCases } from './call-cases.ts';
import type { Bench, ConformanceCase } from './conformance-case.ts';
import { FenceCases } from './fence-cases.ts';
import { FixtureTrees } from './fixture-trees.ts';
import { hostTraces } from './host-traces.ts';
import { HostileCases } from './hostile-cases.ts';
import { LanguageCases } from './language-cases.ts';
import { LifeCases } from './life-cases.ts';
import { MARKED_SHELL, type MarkedAnswer, reachOf, type SandboxReach } from './sandbox-reach.ts';
import { call, loaded, NEVER, setSlowness, until } from './sandbox-rig.ts';
import { type StartKind, untilIdle } from './start-kinds.ts';

/** A guest that boots for longer is booted for those cases alone that a start may change. */
const SLOW_BOOT_MS = 2_000;

/** What a driver hands to the suite. */
export interface ConformanceSubject {
  /** Not started; the suite wraps it in the guard, probes, starts and stops it. */
  driver: Driver;
  /** Merged into every spec, e.g. labels of the host context the driver was built with. */
  spec?: Partial<SandboxSpec>;
  /** How a fixture becomes code; by default a read-only copy of its folder under the system's temp directory. */
  code?: (fixture: string) => CodeRef;
  /**
   * What is left on the host of a destroyed sandbox, in words (a slot directory, a container, a mount); [] when nothing.
   * Mounts, cgroups and processes that carry the sandbox's id in their name are looked for by the suite itself.
   */
  traces?: (sandboxId: string) => Promise<string[]>;
  /** After the driver has stopped: remove temp directories, close clients. */
  close?: () => Promise<void>;
}

/** Makes the subject, or says in words why this host cannot (e.g. `docker is not running`). */
export type ConformanceFactory = () => Promise<ConformanceSubject | { unavailable: string }>;

export interface ConformanceOptions {
  /** Cases this driver cannot pass by its nature, each with the reason; shown in the report. Unknown names fail. */
  skips?: Record<string, string>;
  /** Languages to run; by default every one the probe offers. */
  languages?: readonly Language[];
  /** How many times slower than usual sandboxes run here, where they are emulated; all times of the suite scale. Default 1. */
  slowness?: number;
}

/** The first suite of a host builds the driver's images. */
const PREPARE_TIMEOUT_MS = 400_000;

/**
 * The one suite every driver passes, through the guard, with the real shims and fixtures. Call it at the top of
 * `<driver>.conformance.test.ts` (or `.conformance.int.test.ts`):
 *
 *   describeDriverConformance('bubblewrap', async () => ({ driver, traces, close }), { skips: { 'disk': 'reason' } });
 *
 * Skips say why. A driver that is unavailable, a probe that is not `usable` and a limit that is not enforced skip their
 * cases too, but fail when COLDFRAME_REQUIRE lists the driver's name; the named skips of `options` never fail.
 */
export function describeDriverConformance(
  name: string,
  factory: ConformanceFactory,
  options: ConformanceOptions = {},
): void {
  const cases: ConformanceCase[] = [...LifeCases, ...CallCases, ...LanguageCases, ...HostileCases, ...FenceCases];
  const skips = options.skips ?? {};
  const slowness = options.slowness ?? 1;
  const isRequired = (process.env.COLDFRAME_REQUIRE ?? '').split(',').includes(name);

  describe(`${name} conforms`, () => {
    let bench: SuiteBench | null = null;
    let unavailable = 'the set-up failed';

    beforeAll(async () => {
      setSlowness(slowness);
      const subject = await factory();
      if ('unavailable' in subject) unavailable = subject.unavailable;
      else {
        const made = new SuiteBench(subject);
        unavailable = await made.begin();
        if (unavailable === '') bench = made;
        else await made.end();
      }
    }, PREPARE_TIMEOUT_MS * slowness);

    afterAll(async () => {
      await bench?.end();
    }, 60_000 * slowness);

    test('every skip names a case', () => {
      expect(Object.keys(skips).filter((skip) => !cases.some((one) => one.name === skip))).toEqual([]);
    });

    for (const one of cases) {
      for (const { language, start, words } of variantsOf(one)) {
        test(`${one.name}: ${one.guarantee} (${words})`, { timeout: 60_000 * slowness }, async (context) => {
          const reason = skips[one.name];
          if (reason !== undefined) context.skip(reason);
          if (bench === null) return skipUnlessRequired(context, unavailable, isRequired);
          const sameAsAnother = bench.whyNotThat(start, one);
          if (sameAsAnother !== null) context.skip(sameAsAnother);
          const lacking = bench.lacking(one, language, options.languages);
          // COLDFRAME_REQUIRE asks for root and cgroups by words of their own: an ordinary user has neither.
          if (isRequired && bench.lacksRoot(one)) context.skip(`needs root and a cgroup: ${lacking}`);
          if (lacking !== null) return skipUnlessRequired(context, lacking, isRequired && !lacking.startsWith('no '));
          const inReach = await bench.whyInReach(one);
          // Where root is required the report fails it; the driver itself is none the less usable.
          if (inReach !== null) context.skip(inReach);
          await bench.run(one, language, start);
        });
      }
    }
  });
}

/** Each language of a case under each of its starts. */
function variantsOf({ languages, starts }: ConformanceCase): { language: Language; start: StartKind; words: string }[] {
  return languages.flatMap((language) =>
    (starts ?? [null]).map((start) => ({
      language,
      start: start ?? 'cold',
      words: start === null ? language : `${language}, ${start}`,
    })),
  );
}

/** Cgroups bound the first three, a tmpfs that only root can mount bounds the number of files. */
const ROOT_LIMITS = new Set(['memory', 'cpu', 'pids', 'disk']);

/** Skips with the reason, or fails with it where COLDFRAME_REQUIRE asks for this driver. */
export function skipUnlessRequired(context: TestContext, reason: string, isRequired: boolean): void {
  if (isRequired) throw new Error(`required by COLDFRAME_REQUIRE but: ${reason}`);
  context.skip(reason);
}

class SuiteBench {
  readonly #subject: ConformanceSubject;
  readonly #guard: ReturnType<typeof guardDriver>;
  readonly #trees = new FixtureTrees();
  /** Every box of the running case, by id. */
  readonly #boxes = new Map<string, Box>();
  #probe: ProbeResult | null = null;
  #reach: Promise<SandboxReach> | null = null;

  constructor(subject: ConformanceSubject) {
    this.#subject = subject;
    this.#guard = guardDriver(remembering(subject.driver, this.#boxes), { onEvent() {} });
  }

  /** Null when a start of that kind differs here from the others that are run. */
  whyNotThat(start: StartKind, { startsMatter }: ConformanceCase): string | null {
    const { firstStartMs = 0, typicalStartMs } = this.#guard.capabilities;
    if (start === 'cold' && firstStartMs > typicalStartMs)
      return 'every sandbox without a boot profile is a clone of one that was ready, as when it is claimed';
    const isSlow = start === 'boot profile' && firstStartMs > SLOW_BOOT_MS && startsMatter !== true;
    return isSlow && process.env.COLDFRAME_TEST_NIGHTLY !== '1'
      ? 'a guest boots for seconds: the nightly run does it'
      : null;
  }

  /** Probes and starts; '' when the driver is usable, else why not. */
  async begin(): Promise<string> {
    this.#probe = await this.#guard.probe();
    if (this.#probe.state !== 'usable') return `${this.#probe.state}: ${this.#probe.detail}`;
    await this.#guard.start(NEVER);
    return '';
  }

  lacking(one: ConformanceCase, language: Language, chosen: readonly Language[] | undefined): string | null {
    const isOffered = this.#probe?.runtimes.some((runtime) => languageOf(runtime) === language) ?? false;
    if (!isOffered || chosen?.includes(language) === false) return `no ${language} runtime here`;
    if (one.needs?.includes('pause') && !this.#guard.capabilities.pause) return 'no pause capability';
    for (const limit of one.enforced ?? [])
      if (!this.#probe?.enforced[limit]) return `the ${limit} limit is not enforced`;
    return null;
  }

  /** Whether a limit of the case goes unenforced that only root can enforce. */
  lacksRoot({ enforced = [] }: ConformanceCase): boolean {
    return enforced.some((limit) => ROOT_LIMITS.has(limit) && !this.#probe?.enforced[limit]);
  }

  /** Null when the case may run; looks once at an innocent sandbox before the first case that could do harm. */
  async whyInReach({ needs = [] }: ConformanceCase): Promise<string | null> {
    const isAsked = needs.includes('own-processes') || needs.includes('own-files');
    if (!isAsked) return null;
    this.#reach ??= this.#lookAtReach();
    const { processes, files } = await this.#reach;
    return (needs.includes('own-processes') ? processes : null) ?? (needs.includes('own-files') ? files : null);
  }

  async #lookAtReach(): Promise<SandboxReach> {
    const mark = randomUUID();
    const code = this.#trees.source({ 'index.mjs': MARKED_SHELL });
    const { sandbox } = await loaded(this.#guard, code, { spec: this.#specFor('nodejs') });
    try {
      const answer = (await call(sandbox, { mark })).value as MarkedAnswer;
      expect(answer, 'the marked shell runs').toMatchObject({ mark });
      return reachOf(answer);
    } finally {
      await sandbox.destroy('looked at');
    }
  }

  #specFor(language: Language): Partial<SandboxSpec> {
    const runtime = this.#probe!.runtimes.find((id) => languageOf(id) === language)!;
    const memoryMib = Math.max(128, this.#guard.capabilities.memoryMinMib);
    return { runtime, memoryMib, ...this.#subject.spec };
  }

  async run(one: ConformanceCase, language: Language, start: StartKind): Promise<void> {
    const seen = new Set<string>();
    const bench: Bench = {
      guard: this.#guard,
      probe: this.#probe!,
      language,
      start,
      warmUpEvent: one.warmUpEvent ?? {},
      untilIdle: (id) => untilIdle(() => this.#boxes.get(id)?.meter() ?? UNMEASURED),
      spec: (overrides = {}) => ({ ...this.#specFor(language), ...overrides }),
      code: (fixture) => this.#subject.code?.(fixture) ?? this.#trees.fixture(fixture),
      source: (files, links) => this.#trees.source(files, links),
      onSandbox: (id) => seen.add(id),
      traces: (id) => this.#traces(id),
    };
    try {
      await one.run(bench);
    } finally {
      for (const sandbox of this.#guard.live()) {
        seen.add(sandbox.id);
        await sandbox.destroy('case over');
      }
      this.#boxes.clear();
    }
    for (const id of seen) {
      await until(`nothing of ${id} survives`, async () => (await this.#traces(id)).length === 0).catch(async () => {
        expect(await this.#traces(id), `survivors of ${id}`).toEqual([]);
      });
    }
  }

  async #traces(id: string): Promise<string[]> {
    return [...(await hostTraces(id)), ...((await this.#subject.traces?.(id)) ?? [])];
  }

  async end(): Promise<void> {
    try {
      await this.#guard.stop();
    } finally {
      await this.#trees.remove();
      await this.#subject.close?.();
    }
  }
}

/** The same driver, whose boxes can be looked at past the guard. */
function remembering(driver: Driver, boxes: Map<string, Box>): Driver {
  const create: Driver['create'] = async (spec, signal) => {
    const box = await driver.create(spec, signal);
    boxes.set(box.id, box);
    return box;
  };
  return new Proxy(driver, {
    get(target, name) {
      if (name === 'create') return create;
      const member = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
