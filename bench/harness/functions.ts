/** The bench function, the same work as every control: parse, pick, stringify. */
export const NODE_ECHO = 'export const handler = async (event) => ({ hello: event.name, padding: event.padding });\n';
export const PYTHON_ECHO =
  'def handler(event, context):\n    return {"hello": event["name"], "padding": event["padding"]}\n';

/** About 1 KiB in and out. */
export const EVENT = JSON.stringify({ name: 'world', padding: 'x'.repeat(990) });
