import { expect, it } from 'vitest';
import { standInCode } from './stand-in-code.ts';

it('the stand-in is the file that the handler setting names, in the runtime’s language', () => {
  const paths = (runtime: string, handler?: string) => Object.keys(standInCode(runtime, handler));
  expect(paths('nodejs24')).toEqual(['index.js']);
  expect(paths('nodejs', 'src/app.handler')).toEqual(['src/app.js']);
  expect(paths('python', 'shop.orders.handler')).toEqual(['shop/orders.py']);
  expect(paths('python3.11', 'nonsense')).toEqual(['index.py']);
});
