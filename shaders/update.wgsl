// One step of SGD or Adam by a gradient that is there, as update/rules has it. One thread owns one quad of θ.

// Threads in a workgroup.
override THREADS: u32;
// 2 SGD, 3 with Nesterov's look ahead, 4 Adam.
override RULE: u32;

struct Parameters {
  rates: Rates,
  quads: u32,           // quads of θ
  penalised: u32,       // the first quads of θ, to which l2 and weight decay apply; the intercept comes after them
  gradient_offset: u32, // quads
  first_offset: u32,    // quads to the velocity or m
  second_offset: u32,   // quads to v of Adam
  weights_offset: u32,  // quads
}

@group(0) @binding(0) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> first: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> second: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> weights: array<vec4f>;
@group(0) @binding(4) var<uniform> parameters: Parameters;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let quad = (workgroup.y * launched.x + workgroup.x) * THREADS + thread;
  if (quad >= parameters.quads) { return; }
  let at_weights = parameters.weights_offset + quad;
  let at_first = parameters.first_offset + quad;
  let at_second = parameters.second_offset + quad;
  var v = vec4f(0.0);
  if (RULE == ADAM) { v = second[at_second]; }
  let g = gradient[parameters.gradient_offset + quad];
  let moved = moved_by(parameters.rates, quad < parameters.penalised, weights[at_weights], first[at_first], v, g);
  first[at_first] = moved.first;
  if (RULE == ADAM) { second[at_second] = moved.second; }
  weights[at_weights] = moved.weight;
}
