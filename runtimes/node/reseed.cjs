const { setFlagsFromString } = require('node:v8');

const { random } = Math;

/**
 * V8 seeds Math.random on its first use in a context, from a generator that a clone of a snapshot has in common with all others,
 * unless this flag says a number. The flag takes 31 bits; where in the sequence to begin adds 16.
 * @param {string} entropy the host's bytes, base64
 */
function reseed(entropy) {
  const bytes = Buffer.from(entropy, 'base64');
  setFlagsFromString(`--random-seed=${bytes.readUInt32LE(0) >>> 1 || 1}`);
  for (let skip = bytes.readUInt16LE(4); skip >= 0; skip--) random();
}

module.exports = { reseed };
