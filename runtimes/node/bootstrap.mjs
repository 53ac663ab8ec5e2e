// CommonJS, because Node links a graph of ES modules some ten milliseconds slower; the entry stays .mjs for every launcher.
import { createRequire } from 'node:module';

createRequire(import.meta.url)('./shim.cjs');
