import type { ExpectedRow } from './expected-row.ts';
import {
  asText,
  authentik,
  byKey,
  finalDocuments,
  fleet,
  iso,
  isoOfMillis,
  isoOfSeconds,
  tactical,
} from './final-state.ts';

/** Users, their roles, groups and who is in them. */

export function users(): ExpectedRow[] {
  return [...tacticalUsers(), ...fleetUsers(), ...meshUsers(), ...authentikUsers()];
}

function tacticalUsers(): ExpectedRow[] {
  const roleNames = byKey(tactical('accounts_role'), 'id');
  return tactical('accounts_user').map((row) => ({
    tool: 'tactical-rmm',
    id: String(row.id),
    username: row.username,
    email: row.email,
    display_name: [row.first_name, row.last_name].filter((name) => name !== '').join(' '),
    role_id: asText(row.role_id),
    role: roleNames.get(row.role_id)?.name,
    active: row.is_active,
    kind: row.is_installer_user === true ? 'installer' : 'technician',
    last_login: iso(row.last_login),
    created_at: iso(row.created_time) ?? iso(row.date_joined),
    updated_at: iso(row.modified_time),
  }));
}

function fleetUsers(): ExpectedRow[] {
  return fleet('users').map((row) => ({
    tool: 'fleet-mdm',
    id: String(row.id),
    username: row.email,
    email: row.email,
    display_name: row.name,
    role: row.global_role,
    kind: row.api_only === 1 ? 'api' : 'technician',
    created_at: iso(row.created_at),
    updated_at: iso(row.updated_at),
  }));
}

function meshUsers(): ExpectedRow[] {
  return finalDocuments('user').map((row) => ({
    tool: 'meshcentral',
    id: String(row._id),
    username: row.name,
    email: row.email,
    display_name: row.realname ?? row.name,
    role: row.siteadmin === 4294967295 ? 'admin' : undefined,
    // None of the captured accounts is locked.
    active: true,
    kind: 'technician',
    last_login: isoOfSeconds(row.login),
    created_at: isoOfSeconds(row.creation),
  }));
}

function authentikUsers(): ExpectedRow[] {
  return authentik('authentik_core_user').map((row) => ({
    tool: 'authentik',
    id: String(row.id),
    username: row.username,
    email: row.email,
    display_name: row.name,
    active: row.is_active,
    kind: row.type,
    last_login: iso(row.last_login),
    created_at: iso(row.date_joined),
    updated_at: iso(row.last_updated),
  }));
}

export function roles(): ExpectedRow[] {
  return tactical('accounts_role').map((row) => ({
    tool: 'tactical-rmm',
    id: String(row.id),
    name: row.name,
    created_at: iso(row.created_time),
    updated_at: iso(row.modified_time),
  }));
}

export function groups(): ExpectedRow[] {
  const documents = (type: string, kind: string) =>
    finalDocuments(type).map((row) => ({
      tool: 'meshcentral',
      id: String(row._id),
      name: row.name,
      description: row.desc,
      kind,
      created_at: isoOfMillis(row.creation),
    }));
  return [
    ...authentik('authentik_core_group').map((row) => ({
      tool: 'authentik',
      id: String(row.group_uuid),
      name: row.name,
      kind: 'user',
    })),
    ...documents('ugrp', 'user'),
    ...documents('mesh', 'device'),
    ...fleet('labels').map((row) => ({
      tool: 'fleet-mdm',
      id: String(row.id),
      name: row.name,
      description: row.description,
      kind: 'label',
      created_at: iso(row.created_at),
      updated_at: iso(row.updated_at),
    })),
  ];
}

export function groupMembers(): ExpectedRow[] {
  return [
    ...authentik('authentik_core_user_groups').map((row) => ({
      tool: 'authentik',
      id: String(row.id),
      group_id: row.group_id,
      member_id: asText(row.user_id),
      member_kind: 'user',
    })),
    ...fleet('label_membership').map((row) => ({
      tool: 'fleet-mdm',
      id: `${row.host_id}:${row.label_id}`,
      group_id: asText(row.label_id),
      member_id: asText(row.host_id),
      member_kind: 'device',
      created_at: iso(row.created_at),
      updated_at: iso(row.updated_at),
    })),
    ...finalDocuments('ugrp').flatMap((group) =>
      linkedUsers(group.links).map((user) => ({
        tool: 'meshcentral',
        id: `${group._id}:${user}`,
        group_id: group._id,
        member_id: user,
        member_kind: 'user',
      })),
    ),
  ];
}

/** MeshCentral escapes four characters in the names of fields. */
const ESCAPED: Readonly<Record<string, string>> = { '%25': '%', '%2E': '.', '%24': '$', '%2C': ',' };

function linkedUsers(links: unknown): string[] {
  return Object.keys(links ?? {})
    .filter((name) => name.startsWith('user/'))
    .map((name) => name.replace(/%25|%2E|%24|%2C/g, (code) => ESCAPED[code] ?? code));
}
