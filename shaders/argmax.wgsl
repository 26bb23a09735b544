// out[i] = the smallest j with z[i,j] = max_j z[i,j]: ties go to the lowest index, on every device.
// A row that holds a NaN has no largest value: its answer is −1.

struct Parameters {
  rows: u32,
  columns: u32,
  z_offset: u32,  // quads to the first row of Z
  z_stride: u32,  // quads from row to row
  first_row: u32, // index of the first row in `out`
}

@group(0) @binding(0) var<storage, read> z: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> out: array<i32>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

// The place of a lane that has met no column yet.
const NOWHERE = 0xffffffffu;
// The place of a lane that has met a NaN; it wins over every other.
const FAULT = 0xfffffffeu;

var<workgroup> maxima: array<f32, LANES * ROWS_PER_GROUP>;
var<workgroup> places: array<u32, LANES * ROWS_PER_GROUP>;

@compute @workgroup_size(LANES, ROWS_PER_GROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) thread: u32) {
  let wanted = (workgroup.y * launched.x + workgroup.x) * ROWS_PER_GROUP + local.y;
  // Threads beyond the last row go along, since all must meet at the barriers, and write nothing.
  let row = min(wanted, parameters.rows - 1u);
  var maximum = -0x1.fffffep+127f;
  var place = NOWHERE;
  for (var i = 0u; i < QUADS_PER_LANE; i++) {
    let quad = i * LANES + local.x;
    if (quad < parameters.z_stride) {
      let values = z[parameters.z_offset + row * parameters.z_stride + quad];
      for (var c = 0u; c < 4u; c++) {
        let column = quad * 4u + c;
        if (column < parameters.columns) {
          // By bits: comparisons with NaN cannot be relied upon on real devices.
          if ((bitcast<u32>(values[c]) & 0x7fffffffu) > 0x7f800000u) { place = FAULT; }
          // A lane meets its columns in rising order, so a tie keeps the first.
          if (place != FAULT && (place == NOWHERE || values[c] > maximum)) {
            maximum = values[c];
            place = column;
          }
        }
      }
    }
  }
  maxima[thread] = maximum;
  places[thread] = place;
  for (var width = LANES / 2u; width > 0u; width /= 2u) {
    // The candidates of the level below are written before they are read.
    workgroupBarrier();
    if (local.x < width) {
      let other = maxima[thread + width];
      let other_place = places[thread + width];
      if (other_place == FAULT) { places[thread] = FAULT; }
      if (places[thread] != FAULT && other_place != NOWHERE &&
          (other > maxima[thread] || (other == maxima[thread] && other_place < places[thread]))) {
        maxima[thread] = other;
        places[thread] = other_place;
      }
    }
  }
  if (local.x == 0u && wanted < parameters.rows) {
    out[parameters.first_row + row] = select(i32(places[thread]), -1, places[thread] == FAULT);
  }
}
