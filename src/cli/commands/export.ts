import { existsSync } from 'node:fs';
import { Argument, type Command, Option } from 'commander';
import { storeSettings } from '../../main/config.ts';
import { ENTITY_NAMES, type EntityName } from '../../shared/entity.ts';
import { DependencyError, UsageError } from '../../shared/errors.ts';
import type { StoreSettings } from '../../shared/settings.ts';
import { jsonLine } from '../../workers/stores/export-row.ts';
import { openStore } from '../../workers/stores/open-store.ts';
import { configOf, print, withExamples } from '../command.ts';
import { exportedRows } from '../exported-rows.ts';

interface Options {
  readonly includeDeleted?: boolean;
}

/** Lines are written in pieces of about this size: one call per line would cost more than the work. */
const PIECE_CHARACTERS = 65_536;

/** Reading must not make an empty store out of a mistyped path. */
function refuseEmpty(settings: StoreSettings): void {
  if (settings.kind === 'none') throw new UsageError('store.kind is none: there are no rows to export');
  if (settings.kind === 'embedded' && !existsSync(settings.path)) {
    throw new DependencyError(`no store at ${settings.path} (store.embedded.path)`);
  }
}

async function exportEntity(entity: EntityName, settings: StoreSettings, options: Options): Promise<void> {
  refuseEmpty(settings);
  const store = await openStore(settings);
  try {
    let piece = '';
    for await (const row of exportedRows(store, entity, {
      includeDeleted: options.includeDeleted === true,
    })) {
      piece += `${jsonLine(row)}\n`;
      if (piece.length < PIECE_CHARACTERS) continue;
      await print(piece);
      piece = '';
    }
    await print(piece);
  } finally {
    await store.close();
  }
}

export function register(program: Command): void {
  const command = program
    .command('export')
    .description('the canonical rows of one entity from the configured store, one JSON line each')
    .addArgument(new Argument('<entity>', 'which').choices(ENTITY_NAMES))
    .option('--include-deleted', 'markers of deleted rows, too')
    .addOption(new Option('--output <form>', 'form of the rows').choices(['jsonl']).default('jsonl'));
  withExamples(
    command,
    'openframe-stream export device --config openframe.yaml > devices.jsonl',
    'openframe-stream export user --set store.kind=embedded --set store.embedded.path=./data/store --include-deleted',
  ).action(async (entity: EntityName, options: Options, self: Command) => {
    await exportEntity(entity, storeSettings(configOf(self).config), options);
  });
}
