import { constant, firstText, numberIn, seconds, text, textSet, timestamp } from '../conversions.ts';
import { plainValue } from '../extended-json.ts';
import { isArray, isObject, type Json } from '../json-text.ts';
import { documents, type Mapping, type OwnedRow } from '../mapping.ts';
import type { Row } from '../row.ts';

/** MeshCentral (MongoDB), states: kinds of documents in its main collection, told apart by `type`, or by `_id` in a delete. */
export const meshcentral: Readonly<Record<string, Mapping>> = {
  'meshcentral.meshcentral.node': documents('node/', {
    device_key: text('_id'),
    hostname: firstText('rname', 'name'),
    display_name: text('name'),
    description: text('desc'),
    platform: platformFamily,
    os_name: text('osdesc'),
    agent_version: agentVersion,
    public_ip: firstText('publicip', 'host'),
    private_ip: text('ip'),
    logged_in_user: firstUser,
    last_boot: timestamp('lastbootuptime'),
    enrolled_at: timestamp('firstconnect'),
    group_id: text('meshid'),
    mesh_node_id: text('_id'),
    tags: textSet('tags'),
  }),

  // `lc` + node id: the device's last connection.
  'meshcentral.meshcentral.lastconnect': documents(
    'lcnode/',
    { last_seen: timestamp('time'), online: isConnected },
    { idDrop: 2 },
  ),

  'meshcentral.meshcentral.user': documents('user/', {
    username: text('name'),
    email: text('email'),
    display_name: firstText('realname', 'name'),
    role: userRole,
    active: isActive,
    kind: constant('technician'),
    last_login: seconds('login'),
    created_at: seconds('creation'),
  }),

  'meshcentral.meshcentral.ugrp': documents(
    'ugrp/',
    {
      name: text('name'),
      description: text('desc'),
      kind: constant('user'),
      created_at: timestamp('creation'),
    },
    { owned: { entity: 'group_member', column: 'group_id', rows: membersOf } },
  ),

  'meshcentral.meshcentral.mesh': documents('mesh/', {
    name: text('name'),
    description: text('desc'),
    kind: constant('device'),
    created_at: timestamp('creation'),
  }),
};

/** What MongoDB does not take in the name of a field, as MeshCentral escapes it. */
const ESCAPED: Readonly<Record<string, string>> = { '%25': '%', '%2e': '.', '%24': '$', '%2c': ',' };

function unescapedName(name: string): string {
  return name.replace(/%(?:25|2e|24|2c)/gi, (sign) => ESCAPED[sign.toLowerCase()] ?? sign);
}

/** A user group's document links its users, and the device groups that these may use. */
function membersOf(row: Row, groupId: string): readonly OwnedRow[] {
  const links = row.get('links');
  if (!isObject(links)) return [];
  return Object.keys(links)
    .map(unescapedName)
    .filter((key) => key.startsWith('user/'))
    .map((user) => ({
      id: `${groupId}:${user}`,
      columns: { group_id: groupId, member_id: user, member_kind: 'user' },
    }));
}

/** Beginnings of what Linux distributions call themselves, for those whose name does not say Linux. */
const LINUX =
  /linux|ubuntu|debian|centos|fedora|red hat|rhel|suse|sles|rocky|alma|raspbian|mint|manjaro|gentoo|nixos|pop!_os|alpine|endeavouros|openwrt/i;

function platformFamily(row: Row): string | null {
  const description = text('osdesc')(row);
  if (typeof description !== 'string') return null;
  if (/windows/i.test(description)) return 'windows';
  if (/mac ?os|os x|darwin/i.test(description)) return 'darwin';
  return LINUX.test(description) ? 'linux' : null;
}

function agentVersion(row: Row): string | null {
  const agent = row.get('agent');
  const version: Json = isObject(agent) ? plainValue(agent.ver ?? null) : null;
  if (version === null || typeof version === 'string') return version;
  if (typeof version === 'number' || typeof version === 'bigint') return String(version);
  return row.wrongType('agent.ver', 'text or a number', version);
}

function firstUser(row: Row): string | null {
  const users = row.get('users');
  const first = isArray(users) ? users[0] : null;
  return typeof first === 'string' ? first : null;
}

function isConnected(row: Row): boolean | null {
  const cause = numberIn(row, 'cause');
  return cause === null ? null : cause === 1;
}

const ALL_RIGHTS = 0xffffffff;
const LOCKED = 32;

function userRole(row: Row): string | null {
  return numberIn(row, 'siteadmin') === ALL_RIGHTS ? 'admin' : null;
}

/** All rights have the bit of a locked account, too: as MeshCentral does, they are asked for first. */
function isActive(row: Row): boolean {
  const rights = numberIn(row, 'siteadmin') ?? 0;
  return rights === ALL_RIGHTS || (rights & LOCKED) === 0;
}
