// An independent implementation of docs/bits.md from the page alone; it includes nothing of the
// project. An fp16 number is a float that has its value.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace outsider {

std::uint64_t mix(std::uint64_t x);
std::uint64_t fnv(std::string_view bytes);

struct Stream {
  std::uint64_t key = 0;
  static Stream of(std::uint64_t seed, std::string_view purpose);
  std::uint64_t bits(std::uint64_t n) const;
  std::uint64_t below(std::uint64_t n, std::uint64_t bound) const;
  double unit(std::uint64_t n) const;
  Stream child(std::uint64_t n) const;
};

using Vector = std::vector<float>;

// One tensor of `model.rnn`, by its number.
Vector weights(std::uint64_t seed, std::uint64_t tensor, std::size_t count, int hidden);
// Input number `input` of one request of `input: random`: real numbers as they are, and integers.
Vector random_values(std::uint64_t seed, std::uint32_t request, std::uint64_t input,
                     std::size_t count);
std::vector<std::int64_t> random_integers(std::uint64_t seed, std::uint32_t request,
                                          std::uint64_t input, std::size_t count);

float half(double exact);

// Functions of the multifunction units, of fp16 numbers.
float exp(float a);
float reciprocal(float a);
float rsqrt(float a);
float smaller(float a, float b);
float sum(const Vector& a);
float mean(const Vector& a);
float largest(const Vector& a);

// A matrix of a direction: rows in the order of gates, columns cut into blocks.
struct Matrix {
  Vector values;
  std::size_t columns = 0;
};

enum class Cell { kGru, kLstm, kRnn };

// A layer of one direction in e0mM,scale=8 with blocks of `block` columns.
struct Layer {
  Cell cell = Cell::kGru;
  bool reset_after = false;
  bool stepwise = false;
  std::size_t hidden = 0;
  Matrix input, recurrent;
  Vector input_bias, recurrent_bias;
  int magnitude_bits = 7;
  std::size_t block = 10;

  // The state after each step, one after the other.
  Vector run(const Vector& halves) const;

 private:
  Vector product(const Matrix& matrix, std::size_t gate, const Vector& x) const;
  Vector from_input(std::size_t gate, const Vector& x) const;
  float bias(std::size_t gate, std::size_t i) const;
  void step(const Vector& x, Vector& h, Vector& c) const;
  void gru(const std::vector<Vector>& x, Vector& h) const;
  void gru_reset_after(const std::vector<Vector>& x, Vector& h) const;
  void lstm(const std::vector<Vector>& x, Vector& h, Vector& c) const;
};

Vector softmax(const Vector& values);
Vector log_softmax(const Vector& values);
// One fp32 output of an answer, as it is hashed.
std::vector<unsigned char> bytes_of(const Vector& values);

}  // namespace outsider
