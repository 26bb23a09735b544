// From φ, φ′, φ″ at the trial steps of a launch to the step taken, or to the next trial steps: Newton's method on φ′ inside a
// bracket, where J is scale · (sum over rows) + l2/2 · ‖W‖². Where φ is smooth and convex, the sign of φ′ tells on which side of
// the minimum a step lies; else J must come down, and less steeply at the end than at the beginning (Wolfe's weak conditions).
// SPARSE: the penalty's slope at 0 is given, and where weights go towards 0 the line ends at a step of 1, which is good enough when
// φ falls all the way there. One workgroup; it adds up the partial sums of line_search and next_direction in a fixed order.

// Threads in the workgroup, a power of two and a multiple of TRIALS.
override THREADS: u32;
// Trial steps in a launch, at most: a power of two up to 8.
override TRIALS: u32;
// Launches of trial steps along one line, at most.
override MOST_LAUNCHES: f32;
// A step is good where |φ′(t)| ≤ this · |φ′(0)|.
override SLOPE_SHARE: f32;
// Where the search must end without, a step will do at which |φ′(t)| ≤ this · |φ′(0)|.
override LEAST_GAIN: f32;
// How much further a step may go at once while no upper bound is known.
override STRETCH: f32;
// Judge steps by J too.
override BY_VALUE: bool;
// By value: J must fall by this share of what the slope promises, give or take this share of J that may be rounding;
override LEAST_FALL: f32;
override ROUNDING: f32;
// and a step is too short while the slope is steeper than this share of φ′(0).
override STEEP: f32;
// There is an l1 penalty.
override SPARSE: bool;

// Loops go by `trials`, not by the override: some compilers unroll loops of known length, which takes them seconds here.
struct Parameters {
  trials: u32,       // TRIALS
  line_rows: u32,
  norm_rows: u32,
  line_offset: u32,  // quads
  norm_offset: u32,  // quads
  state_offset: u32, // states
  scale: f32,
  l2: f32,
}

@group(0) @binding(0) var<storage, read> line: array<vec4f>;
@group(0) @binding(1) var<storage, read> norms: array<vec4f>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

const HIGHEST = 0x1.fffffep+127f;

var<workgroup> points: array<vec4f, THREADS>;
var<workgroup> sizes: array<vec4f, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  if (workgroup.y * launched.x + workgroup.x > 0u) { return; }
  // A row of `line` has a quad for each trial step, so that a thread meets only one of them.
  var point = vec4f(0.0);
  for (var quad = thread; quad < parameters.line_rows * TRIALS; quad += THREADS) {
    point += line[parameters.line_offset + quad];
  }
  points[thread] = point;
  var size = vec4f(0.0);
  for (var row = thread; row < parameters.norm_rows; row += THREADS) {
    size += norms[parameters.norm_offset + row];
  }
  sizes[thread] = size;
  for (var width = THREADS / 2u; width > 0u; width /= 2u) {
    // The sums of the level below are written before they are read.
    workgroupBarrier();
    if (thread < width) {
      if (width >= TRIALS) { points[thread] += points[thread + width]; }
      sizes[thread] += sizes[thread + width];
    }
  }
  // All sums are complete before thread 0 reads them.
  workgroupBarrier();
  if (thread > 0u) { return; }

  let s = parameters.state_offset;
  let wanted = states[s].trials;
  if (wanted <= 0.0) { return; }
  // ⟨W, D⟩ or the penalty's slope, ‖D_W‖², gᵀD
  let mixed = sizes[0].x;
  let squares = sizes[0].y;
  let slope = sizes[0].z;
  let end = select(HIGHEST, 1.0, SPARSE && sizes[0].w > 0.0);
  var low = states[s].low;
  var high = states[s].high;
  var best_step = states[s].best_step;
  var best_slope = states[s].best_slope;
  // Newton's step from the flattest point of this launch.
  var newton = -1.0;
  var flattest = HIGHEST;
  // Of the steps that meet Wolfe's conditions the one where J is lowest.
  var met = 0.0;
  var lowest = HIGHEST;
  // φ falls all the way to the line's end.
  var whole = false;
  for (var trial = 0u; trial < u32(wanted); trial++) {
    let step = states[s].steps[trial];
    // Beyond its end the line is not what it is here.
    if (step > end) { continue; }
    let sums = points[trial];
    var penalty = parameters.l2 * (mixed + step * squares);
    if (SPARSE) { penalty = mixed + parameters.l2 * step * squares; }
    let here = parameters.scale * sums.y + penalty;
    let curvature = parameters.scale * sums.z + parameters.l2 * squares;
    let usable = sums.w == 0.0 && finite(sums.x) && finite(here);
    if (usable && abs(here) < flattest) {
      flattest = abs(here);
      newton = -1.0;
      // Between corners a loss may be straight, and the penalty's curvature alone tells nothing.
      if (finite(curvature) && curvature > 0.0 && (!BY_VALUE || sums.z > 0.0)) { newton = step - here / curvature; }
    }
    if (usable && step > 0.0 && abs(here) < best_slope) {
      best_step = step;
      best_slope = abs(here);
    }
    if (BY_VALUE) {
      let fit = states[s].fit;
      let rise = parameters.scale * sums.x - fit + step * (penalty - 0.5 * parameters.l2 * step * squares);
      let falls = rise <= LEAST_FALL * step * slope + ROUNDING * abs(fit);
      if (!usable || (!falls && step > 0.0)) { high = min(high, step); }
      else if (step == 0.0 || here < STEEP * slope) { low = max(low, step); }
      else if (rise < lowest) { met = step; lowest = rise; }
    } else if (usable && here <= 0.0) {
      low = max(low, step);
      whole = whole || step == end;
    } else { high = min(high, step); }
  }
  let launches = states[s].launches + 1.0;
  let unbounded = high == HIGHEST;
  // Nothing but a probe at 0 so far: any step may be tried.
  var limit = high;
  var next = low + 0.5 * (high - low);
  // By value, where nothing is known: the slope's line down to a loss of 0, and tenths of it.
  var first = 1.0;
  if (BY_VALUE) {
    if (slope < 0.0) { first = states[s].fit / -slope; }
    if (low == 0.0) { next = high / STRETCH; }
  }
  if (unbounded) {
    limit = select(HIGHEST, STRETCH * low, low > 0.0);
    next = select(first, limit, low > 0.0);
  }
  if (finite(newton) && newton > low && newton < limit) { next = newton; }
  next = min(end, next);
  let descent = finite(slope) && slope < 0.0;
  if (BY_VALUE) {
    // At the end of its launches a search by value may take a step that is short.
    best_step = select(low, met, met > 0.0);
    best_slope = select(select(HIGHEST, LEAST_GAIN * -slope, low > 0.0), 0.0, met > 0.0);
  }
  let good = whole || best_slope <= SLOPE_SHARE * -slope;
  if (good || !descent || !(next > low && next < high) || launches >= MOST_LAUNCHES) {
    let found = descent && (whole || best_slope <= LEAST_GAIN * -slope);
    states[s].step = select(0.0, select(best_step, end, whole), found);
    states[s].failed = select(1.0, 0.0, found);
    states[s].trials = 0.0;
  } else {
    states[s].step = 0.0;
    states[s].trials = f32(parameters.trials);
    var power = 1.0;
    for (var trial = 0u; trial < parameters.trials; trial++) {
      var step = next;
      if (trial > 0u && unbounded) { step = min(HIGHEST, next * spread(trial)); }
      else if (trial > 0u && low > 0.0) { step = low + (high - low) * f32(trial) / f32(parameters.trials); }
      else if (trial > 0u) { step = high * power; }
      states[s].steps[trial] = min(end, step);
      power *= 0.25;
    }
  }
  states[s].slope = slope;
  states[s].low = low;
  states[s].high = high;
  states[s].best_step = best_step;
  states[s].best_slope = best_slope;
  states[s].launches = launches;
}
