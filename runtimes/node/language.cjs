// The language as it was before the author's code ran: what that replaces (Array.prototype.push, String, Map) does not reach us.
const { apply } = Reflect;
const { String: TextOf } = globalThis;
const { includes, indexOf, replaceAll, slice, split, startsWith, trim } = String.prototype;
const { test } = RegExp.prototype;
const { clear, delete: remove, get, has, set, values } = Map.prototype;

module.exports = {
  textOf: (value) => TextOf(value),
  includes: (text, part) => apply(includes, text, [part]),
  indexOf: (text, part, from) => apply(indexOf, text, [part, from]),
  replaceAll: (text, part, by) => apply(replaceAll, text, [part, by]),
  slice: (text, from, end) => apply(slice, text, [from, end]),
  /** An array; its own methods are the author's. */
  split: (text, by) => apply(split, text, [by]),
  startsWith: (text, part) => apply(startsWith, text, [part]),
  trim: (text) => apply(trim, text, []),
  matches: (pattern, text) => apply(test, pattern, [text]),
  /** Puts `item` behind the last one. */
  append(list, item) {
    list[list.length] = item;
  },
  /** A map whose methods are its own, so that no look-up meets the prototype. */
  ownMap: () => Object.assign(new Map(), { clear, delete: remove, get, has, set, values }),
};
