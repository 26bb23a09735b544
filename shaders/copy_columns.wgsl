// out[i, to + j] = x[i, from + j] for j < columns: a block of columns of one matrix into another, whatever lies beside it.
// Values are moved one by one, so blocks may begin anywhere. The padding after `out`'s last column is written as zero by
// whoever writes that column.

// Threads in a workgroup.
override THREADS: u32;

struct Parameters {
  rows: u32,
  columns: u32,     // values of a row that are moved
  width: u32,       // values of a row that are written: the columns, and the padding where they are the last
  x_offset: u32,    // values to the first one that is moved
  x_stride: u32,    // values from row to row
  out_offset: u32,
  out_stride: u32,
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let value = (workgroup.y * launched.x + workgroup.x) * THREADS + thread;
  if (value >= parameters.rows * parameters.width) { return; }
  let row = value / parameters.width;
  let column = value % parameters.width;
  let inside = column < parameters.columns;
  // Beyond the last column there may be no more x to read.
  let taken = x[parameters.x_offset + row * parameters.x_stride + select(0u, column, inside)];
  out[parameters.out_offset + row * parameters.out_stride + column] = select(0u, taken, inside);
}
