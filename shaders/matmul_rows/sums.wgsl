// matmul_rows: from the lanes' sums to C, by way of workgroup memory.

// Adds up one quad of columns of all the thread's rows over the lanes, and writes it.
fn write_sums(split: u32, first_row: u32, quad: u32, thread: u32, rows: mat4x4f, more: mat4x4f) {
  // Nobody overwrites B, or the quads before, while a slower thread still reads them.
  workgroupBarrier();
  shared_quads[thread] = rows[0];
  shared_quads[THREADS + thread] = rows[1];
  shared_quads[2u * THREADS + thread] = rows[2];
  shared_quads[3u * THREADS + thread] = rows[3];
  if (ROWS > 4u) {
    shared_quads[4u * THREADS + thread] = more[0];
    shared_quads[5u * THREADS + thread] = more[1];
    shared_quads[6u * THREADS + thread] = more[2];
    shared_quads[7u * THREADS + thread] = more[3];
  }
  // A thread adds up what other lanes have shared.
  workgroupBarrier();
  // Row by row of the workgroup: [row of the thread][thread / LANES].
  let items = THREADS / LANES;
  for (var row = thread; row < items * ROWS; row += THREADS) {
    let place = row / items * THREADS + row % items * LANES;
    var sum = vec4f();
    for (var l = 0u; l < LANES; l++) { sum += shared_quads[place + l]; }
    write_quad(split, first_row + row, quad, sum);
  }
}
