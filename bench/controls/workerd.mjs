// The same function as a workerd module.
export default {
  async fetch(request) {
    const event = await request.json();
    const body = JSON.stringify({ hello: event.name, padding: event.padding });
    return new Response(body, { headers: { 'content-type': 'application/json' } });
  },
};
