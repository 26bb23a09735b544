// By bits: comparisons with NaN cannot be relied upon on real devices.
fn finite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) <= 0x7f7fffffu;
}
