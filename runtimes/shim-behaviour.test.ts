import { describe, expect, it } from 'vitest';
import { BODY_MAX_BYTES, FRAME } from '../src/sandbox/wire/frame-type.ts';
import { errorOf, LANGUAGES, runningShims } from '../test/shims/running-shims.ts';

describe.each(LANGUAGES)('the %s shim', (language) => {
  const isNode = language === 'node';
  const { start, loaded, refused } = runningShims(language);

  it('says hello with its token and features, and answers a ping', async () => {
    const shim = await start();
    const hello = await shim.next((frame) => frame.type === FRAME.hello);
    expect(hello.meta).toMatchObject({ protocol: 1, token: '0123456789abcdef0123456789abcdef' });
    expect(hello.meta.features).toEqual(isNode ? ['stream', 'concurrency', 'cancel', 'log'] : ['stream']);
    shim.channel.send(FRAME.ping, 0, '{"n":41}', null);
    expect((await shim.next((frame) => frame.type === FRAME.pong)).meta).toEqual({ n: 41 });
  });

  it('leaves when the host closes the channel, and when told to shut down', async () => {
    const [one, two] = [await start(), await start()];
    await one.next((frame) => frame.type === FRAME.hello);
    one.channel.close();
    two.channel.send(FRAME.shutdown, 0, '', null);
    expect([await one.exited(), await two.exited()]).toEqual([0, 0]);
  });

  it('passes any JSON through, large and strange events included', async () => {
    const shim = await loaded('echo');
    const events = [null, 0, '', [], { a: ['é', '\u{1f600}', { b: null }] }, 'x'.repeat(300_000)];
    for (const [n, event] of events.entries()) {
      const reply = await shim.invoke(n + 1, event);
      expect(reply.type).toBe(FRAME.end);
      expect(JSON.parse(reply.text)).toEqual(event);
    }
    const keys = await shim.invoke(20, Buffer.from('{"__proto__":{"x":1},"constructor":2}'));
    expect(JSON.parse(keys.text).constructor).toBe(2);
    expect(keys.text).toContain('__proto__');
    expect((await shim.invoke(21, Buffer.alloc(0))).text).toBe('{}');
  });

  it('takes an event and gives a result of exactly 6 MiB', async () => {
    const shim = await loaded('echo');
    const event = Buffer.from(`"${'x'.repeat(BODY_MAX_BYTES - 2)}"`);
    const reply = await shim.invoke(1, event);
    expect(reply.type).toBe(FRAME.end);
    expect(reply.text.length).toBe(BODY_MAX_BYTES);
  });

  it('answers an event that is not JSON with Runtime.UnmarshalError and goes on', async () => {
    const shim = await loaded('echo');
    const nested = Buffer.from('['.repeat(1_000_000));
    for (const [n, bad] of [Buffer.from('{"a":'), Buffer.from('NaN'), Buffer.from([0xff, 0xfe]), nested].entries()) {
      expect(errorOf(await shim.invoke(n + 1, bad)).errorType).toBe('Runtime.UnmarshalError');
    }
    expect((await shim.invoke(9, { n: 1 })).type).toBe(FRAME.end);
  });

  it('shows a thrown error with its type, message and the author’s own lines under /var/task', async () => {
    const shim = await loaded('throws');
    const error = errorOf(await shim.invoke(1, { message: 'out of stock' }));
    expect(error).toMatchObject({ errorType: 'OrderError', errorMessage: 'out of stock' });
    expect(error.stackTrace.join('\n')).toMatch(
      isNode ? /fail \(file:\/\/\/var\/task\/index\.mjs:\d+/ : /\/var\/task\/index\.py", line \d+, in fail/,
    );
    expect(error.stackTrace.join('\n')).not.toMatch(/runtimes|node:internal|cf-shim/);
    expect((await shim.invoke(2, {})).type).toBe(FRAME.error);
  });

  it('describes whatever is thrown, in bounded size, and survives it', async () => {
    const shim = await loaded('strange-throw');
    for (const [n, how] of ['unprintable', 'huge', isNode ? 'undefined' : 'keyboard'].entries()) {
      const reply = await shim.invoke(n + 1, { how });
      expect(errorOf(reply).stackTrace.length).toBeLessThan(10);
      expect(reply.text.length).toBeLessThan(256 * 1024);
    }
    const deep = await loaded('recurses');
    expect((await deep.invoke(1, {})).text.length).toBeLessThan(64 * 1024);
  });

  it.each([
    [
      'throws-at-import',
      isNode ? 'RangeError' : 'LookupError',
      'no import for you',
      /\/var\/task\/index\.(mjs:3|py", line 3)/,
    ],
    [
      'syntax-error',
      'Runtime.UserCodeSyntaxError',
      isNode ? 'SyntaxError: ' : "Syntax error in module 'index': ",
      /\/var\/task\/index\.(mjs:3|py", line 3)/,
    ],
    [
      'imports-missing',
      'Runtime.ImportModuleError',
      isNode
        ? "Cannot find package 'not-installed'"
        : "Unable to import module 'index': No module named 'not_installed'",
      /(^|\/var\/task\/index.py)/,
    ],
    [
      'missing-handler',
      'Runtime.HandlerNotFound',
      isNode ? 'index.handler is undefined or not exported' : "Handler 'handler' missing on module 'index'",
      /^$/,
    ],
    ['exits-at-import', 'Runtime.ExitError', 'exit status 7', /^$/],
  ])('refuses to load %s with its cause and place, then exits', async (folder, errorType, message, place) => {
    const { error } = await refused(folder);
    expect(error.errorType).toBe(errorType);
    expect(error.errorMessage).toContain(message);
    expect(error.stackTrace.join('\n')).toMatch(place);
  });

  it.each([
    ['nodot', 'Runtime.MalformedHandlerName'],
    ['../outside.handler', 'Runtime.MalformedHandlerName'],
    ['nowhere.handler', 'Runtime.ImportModuleError'],
  ])('refuses the handler name %s as %s', async (handler, errorType) => {
    expect((await refused('layouts', handler)).error.errorType).toBe(errorType);
  });

  it('keeps what was printed before a failed load', async () => {
    const { shim } = await refused('throws-at-import');
    await shim.until(() => shim.stdout === 'about to fail\n');
  });

  it('fills the context, its clock monotonic and never negative', async () => {
    const shim = await loaded('context');
    const reply = JSON.parse((await shim.invoke(1, { ms: 60 }, { remainingMs: 100 })).text);
    const id = isNode ? 'awsRequestId' : 'aws_request_id';
    const memory = isNode ? 'memoryLimitInMB' : 'memory_limit_in_mb';
    expect(reply.json).toMatchObject({ [id]: 'request-1', [memory]: '128' });
    expect(reply.remaining).toBeGreaterThan(50);
    expect(reply.later).toBeLessThanOrEqual(reply.remaining - 50);
    expect(JSON.parse((await shim.invoke(2, { ms: 20 }, { remainingMs: 1 })).text).later).toBe(0);
  });

  it('gives the function Lambda’s environment and its own, no boot secrets and no credentials', async () => {
    const shim = await loaded('env', { env: { STAGE: 'dev', AWS_LAMBDA_FUNCTION_NAME: 'forged' } });
    const env = JSON.parse((await shim.invoke(1, {}, { traceId: 'Root=1-2' })).text);
    expect(env).toMatchObject({
      STAGE: 'dev',
      AWS_LAMBDA_FUNCTION_NAME: 'fixture',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/fixture',
      AWS_EXECUTION_ENV: isNode ? 'AWS_Lambda_nodejs24.x' : 'AWS_Lambda_python3.11',
      AWS_REGION: 'local-1',
      _HANDLER: 'index.handler',
      _X_AMZN_TRACE_ID: 'Root=1-2',
    });
    expect(Object.keys(env).filter((name) => /COLDFRAME|SECRET|ACCESS_KEY|SESSION_TOKEN/.test(name))).toEqual([]);
  });

  it('keeps globals from call to call', async () => {
    const shim = await loaded('counter');
    expect([(await shim.invoke(1, {})).text, JSON.parse((await shim.invoke(2, {})).text)]).toEqual([
      expect.stringMatching(/"count": ?0/),
      { count: 1 },
    ]);
  });

  it('has written what was printed before its answer leaves', async () => {
    const shim = await loaded('prints');
    expect((await shim.invoke(1, { text: 'é' })).text).toBe('null');
    await shim.until(() => shim.stdout === 'out é 1\nraw\n' && shim.stderr === 'err\n');
  });

  it('has written what was printed before a spin', async () => {
    const shim = await loaded('prints-then-spins');
    shim.send(1, {});
    await shim.until(() => shim.stdout === 'before the spin\n');
  });

  it('prints megabytes through a slow reader without losing any', async () => {
    const shim = await loaded('prints-100mib');
    await shim.invoke(1, { mib: 3 });
    await shim.until(() => shim.stdout.length === 3 * 1024 * 1024);
  });

  it('answers null for undefined and None, and an error for what JSON cannot hold', async () => {
    const shim = await loaded('unserialisable');
    expect((await shim.invoke(1, { how: 'undefined' })).text).toBe('null');
    for (const how of isNode ? ['bigint', 'loop'] : ['object', 'loop']) {
      expect(errorOf(await shim.invoke(2, { how }))).toMatchObject({
        errorType: 'Runtime.MarshalError',
        errorMessage: expect.stringContaining(
          isNode ? 'Unable to stringify response body' : 'Unable to marshal response: ',
        ),
      });
    }
    if (!isNode) {
      expect((await shim.invoke(3, { how: 'nan' })).text).toBe('{"n": NaN}');
      expect((await shim.invoke(4, { how: 'decimal' })).text).toBe('{"n": 1.5}');
    }
  });

  it('refuses a result over 6 MiB, says how large it was, and goes on', async () => {
    const shim = await loaded('big-result');
    const reply = await shim.invoke(1, { bytes: BODY_MAX_BYTES + 1 });
    expect(reply.meta).toMatchObject({ tooLarge: BODY_MAX_BYTES + 1 });
    expect(errorOf(reply).errorType).toBe('Function.ResponseSizeTooLarge');
    expect((await shim.invoke(2, { bytes: 10 })).type).toBe(FRAME.end);
  });

  it.each([0, 3])('answers an exit with status %i before it happens', async (code) => {
    const shim = await loaded('exits');
    const reply = await shim.invoke(1, { code });
    expect(reply.meta.exit).toBe(true);
    expect(errorOf(reply)).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: `RequestId: request-1 Error: Runtime exited with${code === 0 ? 'out providing a reason' : ' error: exit status 3'}`,
    });
    expect(await shim.exited()).toBe(code);
  });

  it('runs async handlers, failing ones too', async () => {
    const shim = await loaded('async');
    expect(JSON.parse((await shim.invoke(1, {})).text)).toEqual({ waited: true });
    expect(errorOf(await shim.invoke(2, { fail: true })).errorMessage).toBe('failed after a while');
    expect((await (await loaded('sync')).invoke(1, { n: 2 })).text).toMatch(/\{"sync": ?2\}/);
  });

  it('still answers after the function replaced the functions it would use', async () => {
    const shim = await loaded('replaces-builtins');
    for (const n of [1, 2]) {
      const reply = await shim.invoke(n, { n });
      expect(reply.type).toBe(FRAME.end);
      expect(reply.text).toMatch(new RegExp(`\\{"n": ?${n}\\}`));
    }
  });

  it('still answers after the function closed its standard streams', async () => {
    const shim = await loaded('closes-stdio');
    expect(JSON.parse((await shim.invoke(1, {})).text)).toEqual({ closed: true });
    expect(JSON.parse((await shim.invoke(2, {})).text)).toEqual({ closed: true });
  });

  it('cannot be reached a second time through its boot channel', async () => {
    const shim = await loaded('opens-channel-again');
    expect(JSON.parse((await shim.invoke(1, {})).text).opened).toBe(false);
  });

  it('does not hand its channel on to children', async () => {
    const shim = await loaded('leaves-background-processes');
    expect((await shim.invoke(1, { count: 1, seconds: 1 })).type).toBe(FRAME.end);
    expect(shim.heard.filter((frame) => frame.type === FRAME.end)).toHaveLength(1);
  });

  it('answers calls that arrive together, each on its own stream', async () => {
    const shim = await loaded('slow', { concurrency: 8 });
    for (let n = 1; n <= 8; n++) shim.send(n, { ms: 10 + n });
    for (let n = 1; n <= 8; n++) expect((await shim.reply(n)).text).toContain(String(10 + n));
  });

  it('takes nothing new once draining', async () => {
    const shim = await loaded('echo');
    shim.channel.send(FRAME.drain, 0, '', null);
    expect((await shim.invoke(1, {})).type).toBe(FRAME.error);
  });
});
