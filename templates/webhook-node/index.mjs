import { createHmac, timingSafeEqual } from 'node:crypto';

export const handler = async (event) => {
  const body = event.isBase64Encoded ? Buffer.from(event.body ?? '', 'base64') : Buffer.from(event.body ?? '');
  const expected = `sha256=${createHmac('sha256', process.env.WEBHOOK_SECRET).update(body).digest('hex')}`;
  const given = event.headers['x-hub-signature-256'] ?? '';
  const isSigned = given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
  if (!isSigned) return { statusCode: 401, body: JSON.stringify({ message: 'bad signature' }) };
  return { statusCode: 200, body: JSON.stringify({ received: body.length }) };
};
