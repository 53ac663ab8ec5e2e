const { statSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { errorJson, messageOf, placeOf, runtimeError } = require('./error-shape.cjs');
const { split, textOf } = require('./language.cjs');

const NativeSyntaxError = SyntaxError;

/** How long Node may take to show where a syntax error is, in ms. */
const CHECK_DEADLINE_MS = 3000;

/** Imports the module that `name` (path/module.export.nested) means; returns {handler} or {error: JSON text}. */
async function loadHandler(taskRoot, name) {
  const slash = name.lastIndexOf('/') + 1;
  const dot = name.indexOf('.', slash);
  if (dot <= slash || dot === name.length - 1 || name.includes('..')) {
    return { error: runtimeError('Runtime.MalformedHandlerName', `Bad handler '${name}': expected path/file.export`) };
  }
  const moduleName = name.slice(0, dot);
  const parts = name.slice(dot + 1).split('.');
  let file = null;
  try {
    file = findFile(taskRoot, moduleName);
    const space = file === null ? await importPackage(taskRoot, moduleName) : await import(pathToFileURL(file).href);
    let found = 'module.exports' in space ? space['module.exports'] : space;
    for (let at = 0; at < parts.length; at++) found = found?.[parts[at]];
    if (typeof found === 'function') return { handler: found };
    const problem = found === undefined ? 'is undefined or not exported' : 'is not a function';
    return { error: runtimeError('Runtime.HandlerNotFound', `${name} ${problem}`) };
  } catch (error) {
    return { error: loadErrorJson(error, file) };
  }
}

/**
 * Exactly that name, then .js, .mjs, .cjs, then Node's own resolution; what a .js is, its package and its syntax decide. Null for a
 * package that is there and has nothing for `require`.
 */
function findFile(taskRoot, moduleName) {
  const path = join(taskRoot, moduleName);
  for (const extension of ['', '.js', '.mjs', '.cjs']) {
    if (statSync(path + extension, { throwIfNoEntry: false })?.isFile()) return path + extension;
  }
  const require = createRequire(join(taskRoot, 'x'));
  try {
    return require.resolve(path);
  } catch {
    try {
      return require.resolve(moduleName);
    } catch (error) {
      if (error.code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') return null;
      throw Object.assign(new Error(`Cannot find module '${moduleName}'`), { code: 'MODULE_NOT_FOUND' });
    }
  }
}

/** As an `import` in a file of the function's folder would. */
function importPackage(taskRoot, moduleName) {
  const { compileFunction, constants } = process.getBuiltinModule('node:vm');
  const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  const options = { filename: join(taskRoot, 'x'), importModuleDynamically };
  return compileFunction('return import(name)', ['name'], options)(moduleName);
}

function loadErrorJson(error, file) {
  if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
    return errorJson(error, 'Runtime.ImportModuleError', `Error: ${messageOf(error)}`);
  }
  if (!(error instanceof NativeSyntaxError)) return errorJson(error);
  if (file !== null && placeOf(split(textOf(error.stack), '\n')).length === 0) addPlace(error, file);
  return errorJson(error, 'Runtime.UserCodeSyntaxError', `SyntaxError: ${error.message}`);
}

/** Node keeps the place of a syntax error in an ES module to itself, and tells it only when it checks the file. */
function addPlace(error, file) {
  // Loaded only here: it would double the boot.
  const { stderr } = process.getBuiltinModule('node:child_process').spawnSync(process.execPath, ['--check', file], {
    env: {},
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: CHECK_DEADLINE_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 256 * 1024,
  });
  const place = placeOf(split(textOf(stderr ?? ''), '\n'));
  if (place.length > 0) error.stack = `${joined(place)}\n\n${error.stack}`;
}

function joined(lines) {
  let text = lines[0];
  for (let at = 1; at < lines.length; at++) text += `\n${lines[at]}`;
  return text;
}

module.exports = { loadHandler };
