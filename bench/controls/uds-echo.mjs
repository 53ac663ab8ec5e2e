// Control: a raw echo over a Unix socket in another process; the least any design with a separate process can reach.
import { createServer } from 'node:net';

createServer((socket) => socket.pipe(socket)).listen(process.argv[2], () => console.log('listening'));
