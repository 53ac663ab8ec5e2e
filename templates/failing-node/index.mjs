// Fails on purpose, to learn from it: send `broken`, then follow the error to its line and mend it.
export const handler = async ({ order }) => {
  if (order.lines.length === 0) throw new OrderError(`Order ${order.id} has no lines.`);
  const cents = order.lines.reduce((sum, line) => sum + priceOf(line), 0);
  return { id: order.id, total: (cents / 100).toFixed(2) };
};

function priceOf(line) {
  // A line without a price breaks here.
  return line.price.cents * line.quantity;
}

class OrderError extends Error {
  name = 'OrderError';
}
