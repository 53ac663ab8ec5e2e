/** A call to copy: which function, with which event. */
export interface CopiedCall {
  /** Of the console, without a slash at the end. */
  origin: string;
  functionName: string;
  /** JSON text. */
  event: string;
}

/** Ways to make the same call from elsewhere. None holds a key: all read it from COLDFRAME_KEY. */
export const COPY_FORMS = [
  { id: 'curl', label: 'curl', textOf: curl },
  { id: 'cli', label: 'coldframe CLI', textOf: cli },
  { id: 'javascript', label: 'JavaScript', textOf: javascript },
  { id: 'python', label: 'Python', textOf: python },
] as const;

function curl(call: CopiedCall): string {
  return [
    `curl -sS ${shellQuoted(urlOf(call))} \\`,
    `  -H "authorization: Bearer $COLDFRAME_KEY" \\`,
    `  -H 'content-type: application/json' \\`,
    `  --data-raw ${shellQuoted(call.event)}`,
  ].join('\n');
}

function cli({ origin, functionName, event }: CopiedCall): string {
  return `COLDFRAME_URL=${shellQuoted(origin)} coldframe invoke ${functionName} --event ${shellQuoted(event)}`;
}

function javascript(call: CopiedCall): string {
  return `const reply = await fetch(${JSON.stringify(urlOf(call))}, {
  method: 'POST',
  headers: { authorization: \`Bearer \${process.env.COLDFRAME_KEY}\`, 'content-type': 'application/json' },
  body: ${JSON.stringify(call.event)},
});
console.log(reply.status, await reply.text());
`;
}

/** JSON text in quotes is a Python literal too. */
function python(call: CopiedCall): string {
  return `import os, urllib.request

request = urllib.request.Request(
    ${JSON.stringify(urlOf(call))},
    data=${JSON.stringify(call.event)}.encode(),
    headers={"authorization": "Bearer " + os.environ["COLDFRAME_KEY"], "content-type": "application/json"},
)
with urllib.request.urlopen(request) as reply:
    print(reply.status, reply.read().decode())
`;
}

function urlOf({ origin, functionName }: CopiedCall): string {
  return `${origin}/api/v1/functions/${encodeURIComponent(functionName)}/invoke`;
}

/** For POSIX shells: nothing within is special but the quote itself. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
