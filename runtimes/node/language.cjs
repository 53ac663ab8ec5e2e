// The language and Node as they were before the author's code ran: what that replaces (Array.prototype.push, String, Map) does not reach
// us. As in Node itself, a method is taken as a function whose first argument is its `this`.
const { bind, call } = Function.prototype;
const taken = bind.bind(call);
const { apply, defineProperty } = Reflect;
const { String: TextOf } = globalThis;
const { round, max, floor, min } = Math;
const { from: bytesOf, concat, alloc, byteLength, allocUnsafe, allocUnsafeSlow } = Buffer;
const { stringify } = JSON;
const { clear, delete: remove, forEach, get, has, set } = Map.prototype;
const { exec, test } = RegExp.prototype;

module.exports = {
  apply,
  ...{ round, max, min, floor },
  ...{ bytesOf, concat, alloc, byteLength, allocUnsafe, allocUnsafeSlow },
  textOf: (value) => TextOf(value),
  includes: taken(String.prototype.includes),
  indexOf: taken(String.prototype.indexOf),
  replaceAll: taken(String.prototype.replaceAll),
  slice: taken(String.prototype.slice),
  /** An array; its own methods are the author's. */
  split: taken(String.prototype.split),
  startsWith: taken(String.prototype.startsWith),
  trim: taken(String.prototype.trim),
  sourceOf: taken(Function.prototype.toString),
  /** For constants alone: a pattern looks for its `exec`. */
  pattern: (expression) => defineProperty(expression, 'exec', { value: exec }) && expression,
  matches: taken(test),
  utf8Slice: taken(Buffer.prototype.utf8Slice),
  utf8Write: taken(Buffer.prototype.utf8Write),
  subarray: taken(Buffer.prototype.subarray),
  copy: taken(Buffer.prototype.copy),
  setBytes: taken(Uint8Array.prototype.set),
  /** Puts `item` behind the last one. */
  append(list, item) {
    list[list.length] = item;
  },
  /** JSON text of strings: an array of the author's world may have a toJSON. */
  stringifyAll(texts) {
    let json = '';
    for (let at = 0; at < texts.length; at++) json += `${at === 0 ? '' : ','}${stringify(texts[at])}`;
    return `[${json}]`;
  },
  /** A map whose methods are its own, so that no look-up meets the prototype. */
  ownMap: () => Object.assign(new Map(), { clear, delete: remove, forEach, get, has, set }),
  /** One store of calls; its module is loaded by those alone who need it. */
  callStorage() {
    const { AsyncLocalStorage } = require('node:async_hooks');
    const storage = new AsyncLocalStorage();
    const { run, getStore } = AsyncLocalStorage.prototype;
    return { run: (store, work) => apply(run, storage, [store, work]), store: () => apply(getStore, storage, []) };
  },
};
