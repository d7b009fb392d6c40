import { native } from './binding';
import type { NativeBackend } from './native';

/** A device, as its driver tells of it. */
export interface DeviceInfo {
  /** What the option `backend` of {@link loadModel} takes: `vulkan:0`. */
  readonly name: string;
  /** `NVIDIA H100 80GB HBM3` */
  readonly description: string;
  /** Bytes of its memory, and what of it is free; 0 where the driver does not say. */
  readonly memory: number;
  readonly freeMemory: number;
  /** The CPU plays the device: `auto` never takes it. */
  readonly software: boolean;
}

/** A backend that is compiled in. */
export interface BackendInfo {
  readonly name: string;
  readonly usable: boolean;
  /** Why it is not usable, and what to do. */
  readonly reason?: string;
  /** What the option `isa` takes, best first. */
  readonly variants: readonly string[];
  /** Empty for those that compute on the CPU. */
  readonly devices: readonly DeviceInfo[];
}

function infoOf({ name, onHost, whyNot, variants, devices }: NativeBackend): BackendInfo {
  const usable = onHost || devices.length > 0;
  return Object.freeze({
    name,
    usable,
    ...(!usable && { reason: whyNot }),
    variants: Object.freeze(variants),
    devices: Object.freeze(
      devices.map((d, i) => Object.freeze({ name: `${name}:${i}`, description: d.name, memory: d.total, freeMemory: d.free, software: d.software })),
    ),
  });
}

/** The backends that are compiled in, what of them can be used on this machine, and why the others cannot. Asks the drivers anew each time. */
export function backends(): readonly BackendInfo[] {
  return native.backends().map(infoOf);
}
