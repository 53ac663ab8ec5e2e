export const handler = async (event, context) => {
  console.log(`called with ${JSON.stringify(event)}, ${context.getRemainingTimeInMillis()} ms left`);
  return { hello: event.name ?? 'world' };
};
