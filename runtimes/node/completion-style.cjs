const language = require('./language.cjs');

const { append, includes, indexOf, matches, pattern, replaceAll, slice, sourceOf, startsWith, trim } = language;
const NativePattern = RegExp;
const NAME = pattern(/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u);
const COMPLETIONS = '(?:done|succeed|fail)';
const NAMES_COMPLETION = pattern(/\b(?:done|succeed|fail)\b/);
const TAKES_THIRD_ARGUMENT = pattern(/\barguments\s*\[\s*2\s*\]/);

/**
 * Whether a handler completes by the callback it is given or by context.done, succeed or fail: then what it returns is no
 * result (a timer, a `false`), unless it is a promise. Told once, at load, from its parameters and its own text; a handler that
 * only hands its context on to other code is not seen.
 */
function completesByCallback(handler) {
  return handler.length >= 3 || showsCallback(sourceOf(handler));
}

function showsCallback(source) {
  const parameters = parametersOf(source);
  if (parameters.length >= 3 || matches(TAKES_THIRD_ARGUMENT, source)) return true;
  const context = parameters.length < 2 ? '' : parameters[1];
  if (matches(NAME, context)) return usesCompletions(source, context);
  return startsWith(context, '{') && matches(NAMES_COMPLETION, context);
}

function usesCompletions(source, name) {
  const context = `(?<![\\w$.])${replaceAll(name, '$', '\\$')}(?![\\w$])`;
  const uses = [
    `${context}\\s*\\??\\.\\s*${COMPLETIONS}(?![\\w$])`,
    `${context}\\s*(?:\\?\\.)?\\[\\s*['"\`]${COMPLETIONS}['"\`]`,
    `\\{[^{}]*\\b${COMPLETIONS}\\b[^{}]*\\}\\s*=\\s*${context}`,
  ];
  for (let at = 0; at < uses.length; at++) if (matches(pattern(new NativePattern(uses[at], 'u')), source)) return true;
  return false;
}

/** The parameters' texts without defaults; [] where the text does not show any. */
function parametersOf(source) {
  const open = indexOf(source, '(');
  const arrow = indexOf(source, '=>');
  // `event => ...` has one parameter and no parentheses.
  if (open === -1 || (arrow !== -1 && arrow < open)) return [];
  const parameters = [];
  let depth = 0;
  let text = '';
  for (let at = open + 1; at < source.length; at++) {
    const letter = source[at];
    if (depth === 0 && (letter === ',' || letter === ')')) {
      if (trim(text) !== '') append(parameters, withoutDefault(trim(text)));
      if (letter === ')') return parameters;
      text = '';
      continue;
    }
    if (includes('([{', letter)) depth++;
    else if (includes(')]}', letter)) depth--;
    text += letter;
  }
  return [];
}

function withoutDefault(parameter) {
  for (let at = 0; at < parameter.length - 1; at++) {
    if (parameter[at] === '=' && parameter[at + 1] !== '>') return trim(slice(parameter, 0, at));
  }
  return parameter;
}

module.exports = { completesByCallback };
