import type { CapturedRecord } from '../../src/shared/record.ts';
import { everSeen } from './captured-changes.ts';
import { finalDocuments, readAs } from './final-state.ts';

/**
 * No machine of the captured run has both a Tactical and a MeshCentral agent. This lets some have both: Tactical's agents, the newest
 * first, name the nodes that MeshCentral has at the end. The newest agent of all is deleted before the end.
 */
export function pretendSameMachines(): (record: CapturedRecord) => CapturedRecord {
  const agents = [...everSeen('tactical-postgres-cdc', 'tactical.public.agents_agent').values()];
  agents.sort((a, b) => Number(b.id) - Number(a.id));
  const nodes = finalDocuments('node').map((node) => hexOf(String(node._id)));
  const nodeOf = new Map(agents.map((agent, index) => [agent.mesh_node_id, nodes[index]]));
  const rewrite = (text: string) => text.replace(/[0-9a-f]{96}/g, (hex) => nodeOf.get(hex) ?? hex);
  readAs(rewrite);
  return (record) => ({ ...record, value: record.value === null ? null : rewrite(record.value) });
}

/** MeshCentral's id as Tactical writes it. */
function hexOf(node: string): string {
  const base64 = node.replace('node//', '').replaceAll('$', '/').replaceAll('@', '+');
  return Buffer.from(base64, 'base64').toString('hex');
}
