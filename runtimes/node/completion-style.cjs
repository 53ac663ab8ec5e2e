const { apply } = Reflect;
const { test } = RegExp.prototype;
const sourceOf = Function.prototype.toString;

const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const COMPLETIONS = '(?:done|succeed|fail)';
const TAKES_THIRD_ARGUMENT = /\barguments\s*\[\s*2\s*\]/;

/**
 * Whether a handler completes by the callback it is given or by context.done, succeed or fail: then what it returns is no
 * result (a timer, a `false`), unless it is a promise. Told once, at load, from its parameters and its own text; a handler that
 * only hands its context on to other code is not seen.
 */
function completesByCallback(handler) {
  try {
    return handler.length >= 3 || showsCallback(handler);
  } catch {
    // The author's code has replaced what strings and patterns do.
    return false;
  }
}

function showsCallback(handler) {
  const source = apply(sourceOf, handler, []);
  const parameters = parametersOf(source);
  if (parameters.length >= 3 || TAKES_THIRD_ARGUMENT.test(source)) return true;
  const context = parameters[1] ?? '';
  if (NAME.test(context)) return usesCompletions(source, context);
  return context.startsWith('{') && new RegExp(`\\b${COMPLETIONS}\\b`).test(context);
}

function usesCompletions(source, name) {
  const context = `(?<![\\w$.])${name.replaceAll('$', '\\$')}(?![\\w$])`;
  return [
    `${context}\\s*\\??\\.\\s*${COMPLETIONS}(?![\\w$])`,
    `${context}\\s*(?:\\?\\.)?\\[\\s*['"\`]${COMPLETIONS}['"\`]`,
    `\\{[^{}]*\\b${COMPLETIONS}\\b[^{}]*\\}\\s*=\\s*${context}`,
  ].some((pattern) => apply(test, new RegExp(pattern, 'u'), [source]));
}

/** The parameters' texts without defaults; [] where the text does not show any. */
function parametersOf(source) {
  const open = source.indexOf('(');
  const arrow = source.indexOf('=>');
  // `event => ...` has one parameter and no parentheses.
  if (open === -1 || (arrow !== -1 && arrow < open)) return [];
  const parameters = [];
  let depth = 0;
  let text = '';
  for (let at = open + 1; at < source.length; at++) {
    const letter = source[at];
    if (depth === 0 && (letter === ',' || letter === ')')) {
      if (text.trim() !== '') parameters.push(text.trim().replace(/\s*=[^>].*$/s, ''));
      if (letter === ')') return parameters;
      text = '';
      continue;
    }
    if ('([{'.includes(letter)) depth++;
    else if (')]}'.includes(letter)) depth--;
    text += letter;
  }
  return [];
}

module.exports = { completesByCallback };
