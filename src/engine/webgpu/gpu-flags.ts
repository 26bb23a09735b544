/**
 * WebGPU's bit flags, as its specification fixes them. Browsers have them as globals (`GPUBufferUsage` and so on), but an
 * entry point passed in as `gpu`, such as Dawn's under Node, brings no globals with it.
 */
export const BUFFER_USAGE = { MAP_READ: 0x1, COPY_SRC: 0x4, COPY_DST: 0x8, UNIFORM: 0x40, STORAGE: 0x80 } as const;
export const MAP_MODE_READ = 0x1;
export const STAGE_COMPUTE = 0x4;
