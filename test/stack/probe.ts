import { connect } from 'node:net';

const ANSWER_WITHIN_MS = 2000;

/** Sends one request frame to 127.0.0.1 and answers the first `length` bytes that come back. */
export function ask(port: number, request: Buffer, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let answer = Buffer.alloc(0);
    const fail = (why: string) => {
      socket.destroy();
      reject(new Error(why));
    };
    socket.setTimeout(ANSWER_WITHIN_MS, () => fail('no answer in time'));
    socket.once('connect', () => socket.write(request));
    socket.once('error', (error) => fail(error.message));
    socket.once('end', () => fail('the connection was closed without an answer'));
    socket.on('data', (bytes) => {
      answer = Buffer.concat([answer, bytes]);
      if (answer.length >= length) {
        socket.destroy();
        resolve(answer);
      }
    });
  });
}
