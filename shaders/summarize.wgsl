// out = (Σ x, Σ x², max |x|, how many x are not finite), in two launches of a fixed shape: first a quad a workgroup,
// then MERGE folds those quads. Values that are not finite are counted by their bits and left out of the other three.

// Threads in a workgroup, a power of two.
override THREADS: u32;
// Read the quads of a first launch instead of values.
override MERGE: bool;

struct Parameters {
  quads: u32,      // quads to read
  x_offset: u32,   // quads to the first
  per_group: u32,  // quads that fall to one workgroup
  workgroups: u32, // how many of the launched workgroups have work
  out_offset: u32, // quads
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

var<workgroup> staged: array<vec4f, THREADS>;

fn merged(one: vec4f, other: vec4f) -> vec4f {
  return vec4f(one.xy + other.xy, max(one.z, other.z), one.w + other.w);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let id = workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.workgroups) { return; }
  let begin = id * parameters.per_group;
  let end = min(parameters.quads, begin + parameters.per_group);
  var result = vec4f(0.0);
  for (var quad = begin + thread; quad < end; quad += THREADS) {
    let values = x[parameters.x_offset + quad];
    if (MERGE) {
      result = merged(result, values);
    } else {
      let finite = (bitcast<vec4u>(values) & vec4u(0x7fffffffu)) <= vec4u(0x7f7fffffu);
      let kept = select(vec4f(0.0), values, finite);
      let size = abs(kept);
      let faults = dot(select(vec4f(1.0), vec4f(0.0), finite), vec4f(1.0));
      result = merged(result, vec4f(dot(kept, vec4f(1.0)), dot(kept, kept), max(max(size.x, size.y), max(size.z, size.w)), faults));
    }
  }
  staged[thread] = result;
  for (var width = THREADS / 2u; width > 0u; width /= 2u) {
    // The quads of the level below are written before they are read.
    workgroupBarrier();
    if (thread < width) { staged[thread] = merged(staged[thread], staged[thread + width]); }
  }
  if (thread == 0u) { out[parameters.out_offset + id] = staged[0]; }
}
