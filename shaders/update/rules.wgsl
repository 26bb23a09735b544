// How a gradient moves a quad of weights, the same in every kernel that moves any: g ← g + l2·θ on penalised rows, then
//   SGD: v ← momentum·v + g;  θ ← θ − rate·λ·θ − rate·v, or − rate·(g + momentum·v) with Nesterov's look ahead
//        (Sutskever et al. 2013, as PyTorch writes it)
//   Adam: m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  θ ← θ − rate·λ·θ − rate · (m / (1−β₁ᵗ)) / (√(v / (1−β₂ᵗ)) + ε)
//        (Kingma & Ba 2015)
// λ is weight decay, which goes round v and m (Loshchilov & Hutter 2019), on penalised rows too.

// What RULE may be, in `src/ops/update.ts` too. Without momentum no velocity need be kept.
const PLAIN_SGD = 1u;
const NESTEROV = 3u;
const ADAM = 4u;

struct Rates {
  rate: f32,        // learning rate
  momentum: f32,    // 0: plain gradient descent
  beta1: f32,
  beta2: f32,
  rest1: f32,       // 1 − β₁, from the host: in float32 the difference would lose what makes β₂ differ from 1
  rest2: f32,       // 1 − β₂
  correction1: f32, // 1 / (1 − β₁ᵗ)
  correction2: f32, // 1 / (1 − β₂ᵗ)
  epsilon: f32,
  l2: f32,
  decay: f32,       // rate · λ
  unused: f32,
}

// New weights; the velocity or m; v of Adam.
struct Moved { weight: vec4f, first: vec4f, second: vec4f }

fn moved_by(rates: Rates, is_penalised: bool, weight: vec4f, first: vec4f, second: vec4f, dj: vec4f) -> Moved {
  var gradient = dj;
  var left = weight;
  if (is_penalised) {
    gradient += rates.l2 * weight;
    left -= rates.decay * weight;
  }
  if (RULE == ADAM) {
    let m = rates.beta1 * first + rates.rest1 * gradient;
    let v = rates.beta2 * second + rates.rest2 * gradient * gradient;
    return Moved(left - rates.rate * (m * rates.correction1) / (sqrt(v * rates.correction2) + rates.epsilon), m, v);
  }
  let v = rates.momentum * first + gradient;
  var step = v;
  if (RULE == NESTEROV) { step = gradient + rates.momentum * v; }
  return Moved(left - rates.rate * step, v, vec4f(0.0));
}
