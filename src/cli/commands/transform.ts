import type { Command } from 'commander';
import { readCapturedRecords } from '../../shared/captured-record.ts';
import { messageOf, UsageError } from '../../shared/errors.ts';
import { createDecoder } from '../../workers/decode.ts';
import { configOf, EXIT, print, withExamples } from '../command.ts';
import { printJson, transformRecord } from '../transform-record.ts';

/** Lines are written in pieces of about this size: one call per line would cost more than the work. */
const PIECE_CHARACTERS = 65_536;

async function transform(
  input: AsyncIterable<Uint8Array | string>,
  decoder: ReturnType<typeof createDecoder>,
): Promise<void> {
  let piece = '';
  try {
    for await (const record of readCapturedRecords(input, 'stdin')) {
      piece += `${printJson(transformRecord(record, decoder))}\n`;
      if (piece.length < PIECE_CHARACTERS) continue;
      await print(piece);
      piece = '';
    }
  } finally {
    // What came before a wrong line is a result all the same.
    await print(piece);
  }
}

export function register(program: Command): void {
  const command = program
    .command('transform')
    .description(
      'the pure part as a filter: captured records on stdin, one JSON line per result on stdout; needs no server',
    );
  withExamples(
    command,
    'cat test/fixtures/tactical-postgres-cdc/*.jsonl | openframe-stream transform',
    'openframe-stream transform < agents.jsonl | jq -c .mutations[].columns.hostname',
  ).action(async (_: object, self: Command) => {
    const { sources } = configOf(self).config;
    try {
      await transform(process.stdin, createDecoder({ sources, now: Date.now }));
    } catch (error) {
      // A wrong line is the data's fault, not the command line's.
      if (!(error instanceof UsageError)) throw error;
      process.stderr.write(`openframe-stream: ${messageOf(error)}\n`);
      process.exitCode = EXIT.failed;
    }
  });
}
