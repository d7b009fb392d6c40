// Which layers' experts the CPU computes while a device computes the rest of them.
import * as check from './check';

/** All, those of the first so many layers, those of these layers, or those with a tensor of experts whose name matches. */
export type CpuExperts = boolean | number | readonly number[] | RegExp;

const mostLayers = 1024;
const everyLayer = -1;
const expertTensors = ['gate', 'up', 'gate_up', 'down'].map((which) => `ffn_${which}_exps.weight`);

/** @internal */
export const cpuExperts: check.Check<CpuExperts> = (value, name) => {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return check.integer(0, mostLayers)(value, name);
  if (Array.isArray(value)) return check.listOf(check.integer(0, mostLayers - 1), mostLayers)(value, name);
  if (!(value instanceof RegExp)) return check.refuse(name, 'true, false, a number of layers, a list of layers or a RegExp of tensor names', value);
  if (layersOf(value).length === 0) check.refuse(name, 'a RegExp that matches tensors of experts, such as blk.3.ffn_up_exps.weight', value);
  return value;
};

/**
 * As the native side takes it.
 * @internal
 */
export function layersOf(experts: CpuExperts): readonly number[] {
  if (typeof experts === 'boolean') return experts ? [everyLayer] : [];
  if (typeof experts === 'object' && !(experts instanceof RegExp)) return experts;
  const all = Array.from({ length: mostLayers }, (_, layer) => layer);
  if (typeof experts === 'number') return all.slice(0, experts);
  const found = all.filter((layer) => expertTensors.some((tensor) => `blk.${layer}.${tensor}`.search(experts) >= 0));
  return found.length === mostLayers ? [everyLayer] : found;
}
