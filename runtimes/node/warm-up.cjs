// A CommonJS module whose import readies the loaders of both kinds.
module.exports = {};
