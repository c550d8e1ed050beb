import { readdirSync, readFileSync } from 'node:fs';

/** Every secret that stands somewhere in the captured main run: what the sources keep under a name that says so. */

const ROOT = new URL('../fixtures/', import.meta.url);
const CAPTURES = [
  'tactical-postgres-cdc',
  'fleetmdm-mysql-cdc',
  'meshcentral-mongodb-cdc',
  'authentik-postgres-cdc',
];
const SECRET_NAME =
  /^(password|salt|hash|otpsecret|otpkeys|otphkeys|totp_key|passtype|(orbit_)?node_key|session_(id|key|data)|token)$/;
/** Shorter ones, and those that the tool itself has hidden, would be found everywhere. */
const SECRET = /^(?!\*+$).{8,}$/s;

let secrets: ReadonlySet<string> | undefined;

export function plantedSecrets(): ReadonlySet<string> {
  if (secrets !== undefined) return secrets;
  const found = new Set<string>();
  for (const capture of CAPTURES) {
    const folder = new URL(`${capture}/`, ROOT);
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.jsonl'))) {
      for (const line of readFileSync(new URL(file, folder), 'utf8').split('\n')) {
        if (line !== '') collect(JSON.parse(line), found);
      }
    }
  }
  secrets = found;
  return found;
}

/** Looks into texts that hold JSON, too: values, MongoDB's documents and JSON columns are. */
function collect(value: unknown, found: Set<string>): void {
  if (typeof value === 'string' && /^[[{]/.test(value)) collect(parsed(value), found);
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === 'string' && SECRET_NAME.test(name) && SECRET.test(inner)) found.add(inner);
    else collect(inner, found);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The planted secrets that stand in a text: there should be none. */
export function secretsIn(text: string): string[] {
  return [...plantedSecrets()].filter((secret) => text.includes(secret));
}
