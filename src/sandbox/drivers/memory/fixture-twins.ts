import { encodeFrame } from '../../wire/frame-codec.ts';
import { FRAME, type FrameType } from '../../wire/frame-type.ts';
import { NO_REPLY } from './memory-call.ts';
import type { MemoryCall, MemoryHandler, MemoryModule } from './memory-module.ts';

type Event = Record<string, unknown>;

const json = (act: (event: Event, call: MemoryCall) => unknown): MemoryHandler => {
  return (event, call) => act(JSON.parse(Buffer.from(event).toString('utf8') || '{}') as Event, call);
};
const hang: MemoryHandler = () => NO_REPLY;
const wait = (ms: unknown): Promise<void> => new Promise((resolve) => setTimeout(resolve, Number(ms ?? 0)));

/**
 * What the folders of fixtures/functions do, for a driver without an operating system: the same names, the same observable
 * behaviour. A function that spins merely hangs here, as it would stop the host.
 */
export const FIXTURE_TWINS: Record<string, MemoryModule> = {
  echo: (event) => event,
  get counter() {
    const counts = new WeakMap<object, number>();
    return json((_event, call) => {
      const count = counts.get(call.figures) ?? 0;
      counts.set(call.figures, count + 1);
      return { count };
    });
  },
  env: json((event, call) =>
    event.name ? (call.env[String(event.name)] ?? null) : { LANG: 'en_US.UTF-8', TZ: ':UTC', ...call.env },
  ),
  slow: json(async (event) => {
    await wait(event.ms);
    return 'slept';
  }),
  throws: json((event) => {
    throw Object.assign(new Error(String(event.message ?? 'it broke')), { name: 'OrderError' });
  }),
  'throws-at-import': {
    load: (process) => {
      process.stdout('loading\n');
      throw new Error('not today');
    },
    handler: hang,
  },
  'exits-at-import': { load: (process) => process.exit(7), handler: hang },
  'spins-at-import': { load: () => new Promise(() => {}), handler: hang },
  spins: hang,
  'ignores-sigterm': hang,
  dies: (_event, call) => {
    call.signal('SIGKILL');
    return NO_REPLY;
  },
  exits: json((event, call) => {
    call.exit(Number(event.code));
    return NO_REPLY;
  }),
  'big-result': json((event) => 'x'.repeat(Number(event.bytes ?? 7 * 1024 * 1024) - 2)),
  prints: json((event, call) => {
    call.stdout(`out ${event.text ?? 'text'} 1\n`);
    call.stderr('err\n');
    call.stdout('raw\n');
    return null;
  }),
  'prints-100mib': json((event, call) => {
    const mib = `${'x'.repeat(1023)}\n`.repeat(1024);
    for (let n = 0; n < Number(event.mib ?? 100); n += 1) call.stdout(mib);
    return { printed: true };
  }),
  'prints-then-spins': json((_event, call) => {
    call.stdout('before\n');
    return NO_REPLY;
  }),
  'prints-concurrently': json(async (event, call) => {
    for (let n = 0; n < 3; n += 1) {
      call.log(`${event.name} ${n}\n`);
      await wait(5);
    }
    return event.name;
  }),
  streams: json(async (event, call) => {
    const piece = Buffer.alloc(Number(event.pieceBytes), 'x');
    for (let n = 0; n < Number(event.pieces); n += 1) {
      if (call.chunk(piece) < piece.length) await call.credit();
    }
  }),
  'replies-twice': json((event, call) => {
    call.sendRaw(encodeFrame(FRAME.end, Number(event.stream ?? 1), '', Buffer.from('"forged"')));
    return 'second';
  }),
  'forges-other-stream': json((event, call) => {
    call.sendRaw(encodeFrame(Number(event.type ?? 9) as FrameType, Number(event.stream ?? 999_999), '', null));
    return 'real';
  }),
  'writes-rubbish': json((_event, call) => {
    call.sendRaw(Buffer.alloc(4096, 0xee));
    return 'real';
  }),
};
