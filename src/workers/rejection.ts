import type { DeadLetter, RejectCode } from '../shared/outcome.ts';

type Stage = DeadLetter['stage'];

/** Where in Kafka Connect's terms a record of each code gave up, and under which class name its dead letter goes. */
const REJECTIONS: Partial<Record<RejectCode, { readonly stage: Stage; readonly errorClass: string }>> = {
  invalid_json: { stage: 'VALUE_CONVERTER', errorClass: 'JsonSyntaxError' },
  not_an_envelope: { stage: 'VALUE_CONVERTER', errorClass: 'EnvelopeError' },
  unknown_operation: { stage: 'TRANSFORMATION', errorClass: 'EnvelopeError' },
  missing_key: { stage: 'VALUE_CONVERTER', errorClass: 'KeyError' },
  invalid_key: { stage: 'VALUE_CONVERTER', errorClass: 'KeyError' },
  missing_version: { stage: 'TRANSFORMATION', errorClass: 'VersionError' },
  missing_column: { stage: 'TRANSFORMATION', errorClass: 'GuardError' },
  invalid_value: { stage: 'TRANSFORMATION', errorClass: 'GuardError' },
};
const OTHER = { stage: 'TRANSFORMATION', errorClass: 'DecodeError' } as const;

/**
 * A record that cannot become changes. Thrown inside the decoder and caught at its edge, where it turns into data. Messages hold
 * positions, types and column names, never a value of the record: they end up in headers and logs (contract, G11).
 */
export class RecordRejected extends Error {
  override readonly name = 'RecordRejected';
  readonly code: RejectCode;
  constructor(code: RejectCode, message: string) {
    super(message);
    this.code = code;
  }
  get stage(): Stage {
    return (REJECTIONS[this.code] ?? OTHER).stage;
  }
  get errorClass(): string {
    return (REJECTIONS[this.code] ?? OTHER).errorClass;
  }
}
