#include "tests/unit/bits/outsider.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace outsider {

std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::uint64_t fnv(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const unsigned char byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

Stream Stream::of(std::uint64_t seed, std::string_view purpose) {
  return {mix(seed ^ fnv(purpose))};
}
std::uint64_t Stream::bits(std::uint64_t n) const { return mix(key ^ mix(n)); }
std::uint64_t Stream::below(std::uint64_t n, std::uint64_t bound) const {
  // The upper 64 bits of the product, by halves.
  const std::uint64_t b = bits(n), low = b & 0xffffffff, high = b >> 32;
  return ((low * bound >> 32) + high * bound) >> 32;  // for bounds below 2^32
}
double Stream::unit(std::uint64_t n) const {
  return std::ldexp(static_cast<double>(bits(n) >> 11), -53);
}
Stream Stream::child(std::uint64_t n) const { return {mix(bits(n) ^ 0x5017)}; }

Vector weights(std::uint64_t seed, std::uint64_t tensor, std::size_t count, int hidden) {
  const Stream stream = Stream::of(seed, "rnn weights").child(tensor);
  const double bound = 1 / std::sqrt(static_cast<double>(hidden));
  Vector out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(static_cast<float>((2 * stream.unit(i) - 1) * bound));
  return out;
}

namespace {

Stream input_stream(std::uint64_t seed, std::uint32_t request, std::uint64_t input) {
  const Stream stream = Stream::of(seed, "input").child(request);
  return input == 0 ? stream : stream.child(input);
}

}  // namespace

Vector random_values(std::uint64_t seed, std::uint32_t request, std::uint64_t input,
                     std::size_t count) {
  const Stream stream = input_stream(seed, request, input);
  Vector out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(static_cast<float>(2 * stream.unit(i) - 1));
  return out;
}

std::vector<std::int64_t> random_integers(std::uint64_t seed, std::uint32_t request,
                                          std::uint64_t input, std::size_t count) {
  const Stream stream = input_stream(seed, request, input);
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(static_cast<std::int64_t>(stream.below(i, 2)));
  return out;
}

// To 11 significant bits, or to a multiple of 2^-24; ties to even.
float half(double exact) {
  if (exact == 0 || !std::isfinite(exact)) return static_cast<float>(exact);
  const int quantum = std::max(std::ilogb(exact), -14) - 10;
  const double rounded = std::ldexp(std::nearbyint(std::ldexp(exact, -quantum)), quantum);
  if (std::fabs(rounded) > 65504) return static_cast<float>(std::copysign(INFINITY, exact));
  return static_cast<float>(rounded);
}

float exp(float a) { return half(std::exp(static_cast<double>(a))); }
float reciprocal(float a) { return half(1 / static_cast<double>(a)); }
float rsqrt(float a) { return half(1 / std::sqrt(static_cast<double>(a))); }
float smaller(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return NAN;
  return a < b || (a == b && std::signbit(a)) ? a : b;
}

float sum(const Vector& a) {
  float out = 0;
  for (const float value : a) out += value;
  return half(out);
}
float mean(const Vector& a) {
  float out = 0;
  for (const float value : a) out += value;
  return half(static_cast<double>(out) / static_cast<double>(a.size()));
}
float largest(const Vector& a) {
  float out = a[0];
  for (const float value : a) out = -smaller(-out, -value);
  return out;
}

namespace {

struct Block {
  std::vector<long> mantissas;
  int exponent = 0;
};

Block quantised(const float* values, std::size_t count, int bits) {
  double largest = 0;
  for (std::size_t i = 0; i < count; ++i)
    largest = std::max(largest, std::fabs(static_cast<double>(values[i])));
  const int scale = std::clamp(largest == 0 ? -126 : std::ilogb(largest), -127, 127);
  Block block;
  block.exponent = scale - (bits - 1);
  const double most = (1 << bits) - 1;
  for (std::size_t i = 0; i < count; ++i)
    block.mantissas.push_back(static_cast<long>(std::clamp(
        std::nearbyint(std::ldexp(static_cast<double>(values[i]), -block.exponent)), -most, most)));
  return block;
}

float sigmoid(float x) { return half(1 / (1 + std::exp(-static_cast<double>(x)))); }
float tangent(float x) { return half(std::tanh(static_cast<double>(x))); }
float add(float a, float b) { return half(static_cast<double>(a) + b); }
float times(float a, float b) { return half(static_cast<double>(a) * b); }

}  // namespace

Vector Layer::product(const Matrix& matrix, std::size_t gate, const Vector& x) const {
  Vector out;
  for (std::size_t row = gate * hidden; row < (gate + 1) * hidden; ++row) {
    float sum = 0;
    for (std::size_t first = 0; first < matrix.columns; first += block) {
      const std::size_t count = std::min(block, matrix.columns - first);
      const Block w =
          quantised(&matrix.values[row * matrix.columns + first], count, magnitude_bits);
      const Block v = quantised(&x[first], count, magnitude_bits);
      long dot = 0;
      for (std::size_t k = 0; k < count; ++k) dot += w.mantissas[k] * v.mantissas[k];
      sum = std::fma(static_cast<float>(dot), std::ldexp(1.0f, w.exponent + v.exponent), sum);
    }
    out.push_back(half(sum));
  }
  return out;
}

float Layer::bias(std::size_t gate, std::size_t i) const {
  const std::size_t at = gate * hidden + i;
  const bool apart = cell == Cell::kGru && reset_after && gate == 2;
  return half(apart ? 0.0f + input_bias[at] : (0.0f + input_bias[at]) + recurrent_bias[at]);
}

Vector Layer::from_input(std::size_t gate, const Vector& x) const {
  Vector out = product(input, gate, x);
  for (std::size_t i = 0; i < hidden; ++i) out[i] = add(out[i], bias(gate, i));
  return out;
}

void Layer::lstm(const std::vector<Vector>& x, Vector& h, Vector& c) const {
  const Vector ri = product(recurrent, 0, h), rf = product(recurrent, 1, h),
               ro = product(recurrent, 2, h), rc = product(recurrent, 3, h);
  for (std::size_t i = 0; i < hidden; ++i) {
    const float in = sigmoid(add(ri[i], x[0][i]));
    const float kept = times(sigmoid(add(rf[i], x[1][i])), c[i]);
    const float out = sigmoid(add(ro[i], x[2][i]));
    c[i] = add(times(tangent(add(rc[i], x[3][i])), in), kept);
    h[i] = times(tangent(c[i]), out);
  }
}

void Layer::gru_reset_after(const std::vector<Vector>& x, Vector& h) const {
  const Vector rr = product(recurrent, 0, h), rz = product(recurrent, 1, h),
               rn = product(recurrent, 2, h);
  for (std::size_t i = 0; i < hidden; ++i) {
    const float r = sigmoid(add(rr[i], x[0][i]));
    const float z = sigmoid(add(rz[i], x[1][i]));
    const float own = add(rn[i], half(0.0f + recurrent_bias[2 * hidden + i]));
    const float n = tangent(add(times(own, r), x[2][i]));
    h[i] = add(times(add(h[i], -n), z), n);
  }
}

void Layer::gru(const std::vector<Vector>& x, Vector& h) const {
  const Vector rr = product(recurrent, 0, h), rz = product(recurrent, 1, h);
  Vector reset(hidden);
  for (std::size_t i = 0; i < hidden; ++i) reset[i] = times(sigmoid(add(rr[i], x[0][i])), h[i]);
  const Vector rn = product(recurrent, 2, reset);
  for (std::size_t i = 0; i < hidden; ++i) {
    const float z = sigmoid(add(rz[i], x[1][i]));
    const float n = tangent(add(rn[i], x[2][i]));
    h[i] = stepwise ? add(times(add(h[i], -n), z), n) : add(times(n, add(1, -z)), times(h[i], z));
  }
}

void Layer::step(const Vector& v, Vector& h, Vector& c) const {
  const std::size_t gates = cell == Cell::kGru ? 3 : cell == Cell::kLstm ? 4 : 1;
  std::vector<Vector> x;
  for (std::size_t gate = 0; gate < gates; ++gate) x.push_back(from_input(gate, v));
  if (cell == Cell::kLstm) return lstm(x, h, c);
  if (cell == Cell::kGru) return reset_after ? gru_reset_after(x, h) : gru(x, h);
  const Vector r = product(recurrent, 0, h);
  for (std::size_t i = 0; i < hidden; ++i) h[i] = tangent(add(r[i], x[0][i]));
}

Vector Layer::run(const Vector& halves) const {
  Vector h(hidden), c(hidden), out;
  for (std::size_t first = 0; first < halves.size(); first += input.columns) {
    step({halves.begin() + static_cast<std::ptrdiff_t>(first),
          halves.begin() + static_cast<std::ptrdiff_t>(first + input.columns)},
         h, c);
    out.insert(out.end(), h.begin(), h.end());
  }
  return out;
}

Vector softmax(const Vector& values) {
  const double top = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (const float value : values) sum += std::exp(value - top);
  Vector out;
  for (const float value : values) out.push_back(static_cast<float>(std::exp(value - top) / sum));
  return out;
}

Vector log_softmax(const Vector& values) {
  const double top = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (const float value : values) sum += std::exp(value - top);
  Vector out;
  for (const float value : values) out.push_back(static_cast<float>(value - top - std::log(sum)));
  return out;
}

std::vector<unsigned char> bytes_of(const Vector& values) {
  std::vector<unsigned char> out;
  for (const float value : values) {
    std::uint32_t word;
    std::memcpy(&word, &value, sizeof word);
    for (int shift = 0; shift < 32; shift += 8)
      out.push_back(static_cast<unsigned char>(word >> shift));
  }
  return out;
}

}  // namespace outsider
