import * as z from 'zod';
import { FACES, type ProvidedEntity } from '../../shared/reference-table.ts';
import type { Provided } from './provider.ts';

/** What a reference looks like outside: `{"id": "3", "name": "Acme"}`, the columns of FACES beside the id. */

const ID = 'id';

function shapeOf(entity: ProvidedEntity): z.ZodObject {
  const columns = FACES[entity].map((column) => [column, z.string().nullable().optional()] as const);
  return z.object({ ...Object.fromEntries(columns), [ID]: z.string().min(1) });
}

/** By entity. Other keys are left out; make it `strict` to refuse them. */
export const PROVIDED_SHAPES: Readonly<Record<ProvidedEntity, z.ZodObject>> = {
  organisation: shapeOf('organisation'),
  site: shapeOf('site'),
  role: shapeOf('role'),
  user: shapeOf('user'),
  device: shapeOf('device'),
};

/** The reference in a value that has the entity's shape. */
export function providedOf(entity: ProvidedEntity, value: Readonly<Record<string, unknown>>): Provided {
  const textOf = (name: string): string | null => {
    const text = value[name];
    return typeof text === 'string' ? text : null;
  };
  const columns = FACES[entity].map((column) => [column, textOf(column)] as const);
  return { id: textOf(ID) ?? '', columns: Object.fromEntries(columns) };
}

/** What is wrong, and where: `[2].name: expected string, received number`. Never the value. */
export function shapeProblem(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'wrong shape';
  const path = issue.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`));
  const place = path.join('').replace(/^\./, '');
  return `${place}${place === '' ? '' : ': '}${issue.message.replace(/^Invalid input: /, '')}`;
}
