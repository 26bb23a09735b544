/**
 * Words that mean something to WGSL by themselves: a shader's own names must not become one of them, and one of them is never
 * renamed. What our shaders use and is missing here stops the build, so the lists of built-in names need only be long enough.
 */

/** Keywords, and words that the language keeps for itself. */
const KEYWORDS = `
  _ alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let loop override
  requires return struct switch true var while

  NULL Self abstract active alignas alignof as asm asm_fragment async attribute auto await become cast catch class co_await co_return
  co_yield coherent column_major common compile compile_fragment concept const_cast consteval constexpr constinit crate debugger decltype
  delete demote demote_to_helper do dynamic_cast enum explicit export extends extern external fallthrough filter final finally friend
  from fxgroup get goto groupshared highp impl implements import inline instanceof interface layout lowp macro macro_rules match mediump
  meta mod module move mut mutable namespace new nil noexcept noinline nointerpolation non_coherent noncoherent noperspective null
  nullptr of operator package packoffset partial pass patch pixelfragment precise precision premerge priv protected pub public readonly
  ref regardless register reinterpret_cast require resource restrict self set shared sizeof smooth snorm static static_assert
  static_cast std subroutine super target template this thread_local throw trait try type typedef typeid typename typeof union unless
  unorm unsafe unsized use using varying virtual volatile wgsl where with writeonly yield`;

/** Types and what they are made with. */
const TYPES = `
  array atomic bool f16 f32 i32 u32 ptr vec2 vec3 vec4 vec2f vec3f vec4f vec2h vec3h vec4h vec2i vec3i vec4i vec2u vec3u vec4u
  mat2x2 mat2x3 mat2x4 mat3x2 mat3x3 mat3x4 mat4x2 mat4x3 mat4x4 mat2x2f mat2x3f mat2x4f mat3x2f mat3x3f mat3x4f mat4x2f mat4x3f
  mat4x4f mat2x2h mat2x3h mat2x4h mat3x2h mat3x3h mat3x4h mat4x2h mat4x3h mat4x4h sampler
  subgroup_matrix_left subgroup_matrix_right subgroup_matrix_result row_major col_major`;

/** Address spaces, access modes and what attributes are given. */
const ENUMERANTS = `
  function private workgroup uniform storage handle immediate read write read_write
  align binding builtin compute group id interpolate invariant location must_use size workgroup_size
  workgroup_id num_workgroups local_invocation_id local_invocation_index global_invocation_id subgroup_size subgroup_invocation_id
  subgroup_id num_subgroups off info warning error derivative_uniformity subgroup_uniformity`;

const FUNCTIONS = `
  bitcast all any select arrayLength
  abs acos acosh asin asinh atan atanh atan2 ceil clamp cos cosh countLeadingZeros countOneBits countTrailingZeros cross degrees
  determinant distance dot dot4U8Packed dot4I8Packed exp exp2 extractBits faceForward firstLeadingBit firstTrailingBit floor fma fract
  frexp insertBits inverseSqrt ldexp length log log2 max min mix modf normalize pow quantizeToF16 radians reflect refract reverseBits
  round saturate sign sin sinh smoothstep sqrt step tan tanh transpose trunc
  atomicLoad atomicStore atomicAdd atomicSub atomicMax atomicMin atomicAnd atomicOr atomicXor atomicExchange atomicCompareExchangeWeak
  pack4x8snorm pack4x8unorm pack4xI8 pack4xU8 pack4xI8Clamp pack4xU8Clamp pack2x16snorm pack2x16unorm pack2x16float
  unpack4x8snorm unpack4x8unorm unpack4xI8 unpack4xU8 unpack2x16snorm unpack2x16unorm unpack2x16float
  storageBarrier textureBarrier workgroupBarrier workgroupUniformLoad
  subgroupAdd subgroupExclusiveAdd subgroupInclusiveAdd subgroupAll subgroupAnd subgroupAny subgroupBallot subgroupBroadcast
  subgroupBroadcastFirst subgroupElect subgroupMax subgroupMin subgroupMul subgroupExclusiveMul subgroupInclusiveMul subgroupOr
  subgroupShuffle subgroupShuffleDown subgroupShuffleUp subgroupShuffleXor subgroupXor
  quadBroadcast quadSwapDiagonal quadSwapX quadSwapY
  subgroupMatrixLoad subgroupMatrixStore subgroupMatrixMultiply subgroupMatrixMultiplyAccumulate`;

/** Members of what built-in functions give back. */
const MEMBERS = "whole old_value exchanged";

/** The entry point, which the host names. */
const ENTRY_POINT = "main";

export const WGSL_WORDS: ReadonlySet<string> = new Set(
  [KEYWORDS, TYPES, ENUMERANTS, FUNCTIONS, MEMBERS, ENTRY_POINT].join(" ").trim().split(/\s+/),
);

/** Parts of a vector: `.x`, `.wzyx`, `.rgb`. */
export const isSwizzle = (name: string): boolean => /^(?:[xyzw]{1,4}|[rgba]{1,4})$/.test(name);
