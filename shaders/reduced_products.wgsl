// Among the values where g is not 0, of a stack that holds all s, all y, and g:
//   gram[r][j] = v_rᵀy_j for all s and y      out[r] = (sᵀv_r, yᵀv_r, gᵀv_r, 0) for all v, with s and y of the newest pair.
// A workgroup multiplies one vector with four others: all y, then g, then the newest s, are their order.
// A pair counts when its own sᵀy in `gram` is positive; one that did not before, or has no curvature here, is left with 0 there. The
// newest is judged by who takes it in. Nothing is done when the solver has stopped or its line search goes on.

// Threads in a workgroup, a power of two.
override THREADS: u32;

struct Parameters {
  vectors: u32,      // vectors in the stack, 2m + 1
  quads: u32,        // quads in each
  workgroups: u32,   // vectors · groups of four
  pairs: u32,        // m
  gram_stride: u32,  // values from row to row
  stack_offset: u32, // quads
  state_offset: u32, // quads
  gram_offset: u32,  // values
  out_offset: u32,   // values
}

@group(0) @binding(0) var<storage, read> stack: array<vec4f>;
// The first quad is (running, step, trials, taken); the fifth ends with the slot of the newest pair.
@group(0) @binding(1) var<storage, read> state: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> gram: array<f32>;
@group(0) @binding(3) var<storage, read_write> products: array<f32>;
@group(0) @binding(4) var<uniform> parameters: Parameters;

var<workgroup> staged: array<vec4f, THREADS>;

// Where the vector number `column` of those to multiply with begins; beyond the last it is the last.
fn other(column: u32, slot: u32) -> u32 {
  let m = parameters.pairs;
  return parameters.stack_offset + select(slot, m + column, column <= m) * parameters.quads;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let id = workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.workgroups) { return; }
  let now = state[parameters.state_offset];
  if (now.x == 0.0 || now.z > 0.0) { return; }
  let m = parameters.pairs;
  let slot = u32(state[parameters.state_offset + 4u].w);
  let r = id % parameters.vectors;
  let column = 4u * (id / parameters.vectors);
  let own = parameters.stack_offset + r * parameters.quads;
  let g = parameters.stack_offset + 2u * m * parameters.quads;
  let others = vec4u(other(column, slot), other(column + 1u, slot), other(column + 2u, slot), other(column + 3u, slot));
  var sum = vec4f(0.0);
  for (var quad = thread; quad < parameters.quads; quad += THREADS) {
    let value = select(stack[own + quad], vec4f(0.0), stack[g + quad] == vec4f(0.0));
    sum += vec4f(dot(value, stack[others.x + quad]), dot(value, stack[others.y + quad]),
                 dot(value, stack[others.z + quad]), dot(value, stack[others.w + quad]));
  }
  staged[thread] = sum;
  for (var width = THREADS / 2u; width > 0u; width /= 2u) {
    // The sums of the level below are written before they are read.
    workgroupBarrier();
    if (thread < width) { staged[thread] += staged[thread + width]; }
  }
  if (thread > 0u) { return; }
  let out = parameters.out_offset + 4u * r;
  for (var c = 0u; c < 4u; c++) {
    let value = staged[0][c];
    let j = column + c;
    if (j < m && r < 2u * m) {
      let at = parameters.gram_offset + r * parameters.gram_stride + j;
      let counts = r != j || j == slot || (gram[at] > 0.0 && value > 0.0);
      gram[at] = select(0.0, value, counts);
    }
    if (j == slot) { products[out + 1u] = value; }
    if (j == m) {
      products[out + 2u] = value;
      products[out + 3u] = 0.0;
    }
    if (j == m + 1u) { products[out] = value; }
  }
}
