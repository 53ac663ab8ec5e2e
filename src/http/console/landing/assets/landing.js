const byId = (id) => document.getElementById(id);
const say = (text) => {
  byId('message').textContent = text;
};

async function call(method, path, body) {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const reply = response.status === 204 ? null : await response.json();
  if (!response.ok) throw Object.assign(new Error(reply.detail), { status: response.status });
  return reply;
}

async function showFunctions() {
  const { items } = await call('GET', '/api/v1/functions?limit=500');
  byId('functions').tBodies[0].replaceChildren(...items.map(rowOf));
  byId('functions').hidden = items.length === 0;
  byId('sign-in').hidden = true;
  byId('sign-out').hidden = false;
  say(items.length === 0 ? 'No functions yet. Create one with POST /api/v1/functions or `coldframe deploy`.' : '');
}

function rowOf(fn) {
  const row = document.createElement('tr');
  for (const text of [fn.name, fn.runtime, fn.effectiveIsolation, fn.state]) row.insertCell().textContent = text;
  const link = document.createElement('a');
  link.href = fn.url;
  link.textContent = fn.url;
  link.rel = 'noreferrer';
  row.insertCell().append(link);
  return row;
}

function showSignIn(text) {
  byId('functions').hidden = true;
  byId('sign-out').hidden = true;
  byId('sign-in').hidden = false;
  say(text);
}

async function signIn(credential) {
  try {
    await call('POST', '/api/v1/session', credential);
    await showFunctions();
  } catch (error) {
    showSignIn(error.message);
  }
}

async function start() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  // The token works once and must not stay in the address bar or the history.
  history.replaceState(null, '', location.pathname);
  if (token) return signIn({ token });
  return showFunctions().catch((error) => showSignIn(error.status === 401 ? '' : error.message));
}

const LOOK_EVERY_MS = 2_000;
/** Ten minutes. A build takes seconds, and a page that is left open must not ask for ever. */
const LOOKS_MAX = 300;

/** Once there is a console, this address shows it, signed in as this page is. */
async function becomeConsole() {
  for (let look = 0; look < LOOKS_MAX; look++) {
    await new Promise((wake) => setTimeout(wake, LOOK_EVERY_MS));
    const page = await fetch(location.pathname).then(
      (reply) => reply.text(),
      () => '',
    );
    const isThere = page.includes('/console/') && byId('key').value === '';
    if (isThere) return location.reload();
  }
}

byId('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  const key = byId('key').value.trim();
  byId('key').value = '';
  signIn({ key });
});
byId('sign-out').addEventListener('click', async () => {
  await call('DELETE', '/api/v1/session').catch(() => {});
  showSignIn('Signed out.');
});
start();
becomeConsole();
