import { boolean, text, timestamp } from '../conversions.ts';
import { type Mapping, rows } from '../mapping.ts';

/** Authentik (PostgreSQL). */
export const authentik: Readonly<Record<string, Mapping>> = {
  'authentik.authentik_core_user': rows(['id'], {
    username: text('username'),
    email: text('email'),
    display_name: text('name'),
    active: boolean('is_active'),
    kind: text('type'),
    last_login: timestamp('last_login'),
    created_at: timestamp('date_joined'),
    updated_at: timestamp('last_updated'),
  }),
};
