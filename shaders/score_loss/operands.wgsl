// What score_loss, score_loss_line and score_loss_step are given. Each declares `z` and, as the uniform behind its bindings, `parameters`.

// Targets are rows of probabilities, not labels.
override SOFT: bool;
override HAS_ROW_WEIGHT: bool;
// SQUARED, BRIER, ABSOLUTE or MARGIN.
override KIND: u32;
// Of the margins only the largest counts.
override LARGEST: bool;
// Margins are squared: power is 2, else 1.
override SQUARED_MARGINS: bool;

const SQUARED = 0u;
const BRIER = 1u;
const ABSOLUTE = 2u;
const MARGIN = 3u;

struct Parameters {
  rows: u32,
  columns: u32,
  z_offset: u32,       // quads to the first row
  z_stride: u32,       // quads from row to row
  direction_offset: u32,
  direction_stride: u32,
  d_offset: u32,       // dZ
  d_stride: u32,
  target_offset: u32,  // SOFT: quads to the first row of the targets; else the index of the first label
  target_stride: u32,
  weight_offset: u32,  // index of the first row weight
  out_offset: u32,     // quads to the first partial sum; in score_loss the index of the first loss
  state_offset: u32,   // quads
  groups: u32,         // groups of ROWS_PER_GROUP rows
  slices: u32,         // workgroups that share the rows
  accumulate: u32,     // 1: add to what `partials` hold
  denominator_offset: u32,  // quads to the first part of the denominator
  denominator_stride: u32,  // quads from part to part
  denominator_parts: u32,
  ignored: i32,        // label of rows to leave out
  not_a_number: u32,   // the bits of NaN, which WGSL cannot spell
  smoothing: f32,      // ε
  scale: f32,          // of the gradient
  delta: f32,          // Δ
}

@group(0) @binding(1) var<storage, read> targets: array<vec4u>;
@group(0) @binding(2) var<storage, read> row_weight: array<f32>;

// What each lane has to add.
var<workgroup> shares: array<mat2x4f, LANES * ROWS_PER_GROUP>;
