// Calls another API. That takes the network setting `egress`; with `none`, the default, a function reaches nothing outside.
const PATIENCE_MS = 2_000;

export const handler = async ({ url = 'https://api.github.com/zen' }) => {
  const reply = await reach(new URL(url));
  if (!reply.ok) throw new Error(`${url} answered ${reply.status}.`);
  return { status: reply.status, body: (await reply.text()).slice(0, 10_000) };
};

async function reach(url) {
  try {
    return await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (cause) {
    console.error(cause);
    throw new NetworkError(
      `Could not reach ${url.host}. If this function's network setting is none, nothing outside can be reached: set it to egress.`,
      { cause },
    );
  }
}

class NetworkError extends Error {
  name = 'NetworkError';
}
