// Sizes of messages by chance: distributions as a function of (seed, ordinal).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "protocol/base/quantity.h"
#include "protocol/base/result.h"
#include "protocol/base/rng.h"

namespace soliton {

// A point of a cumulative distribution: a share of the messages has at most so many bytes. Between two
// points sizes are spread evenly.
struct SizePoint {
  std::int64_t bytes = 0;
  Probability share{};
  bool operator==(const SizePoint&) const = default;
};

enum class SizeName : std::uint8_t {
  kFixed,
  kUniform,  // from 1 to twice the mean
  kExponential,
  kLognormal,  // kLognormalSigma
  kWebSearch,  // Alizadeh et al., "Data center TCP (DCTCP)", SIGCOMM 2010, figure 4
  kHadoop,  // Roy et al., "Inside the social network's (datacenter) network", SIGCOMM 2015, figure 6
  kFile,
};
// Of the logarithm of a size: one in a hundred is beyond ten times the mean.
inline constexpr double kLognormalSigma = 1.5;

class Sizes {
 public:
  // `mean`: of those that have one to choose. `points`: of kFile.
  Sizes(SizeName name, std::uint64_t mean, std::span<const SizePoint> points);

  // Between 1 and the maximum size of a message.
  std::uint64_t draw(const Random& chance, std::uint64_t ordinal) const;
  // Bytes of a message on average, with the fraction that whole bytes leave out.
  double mean() const;

 private:
  SizeName name_;
  double mean_;
  std::span<const SizePoint> points_;
};

// A distribution from the lines of a file, each a size in bytes and the percentage of messages that
// are not longer, separated by blanks or a comma; `#` begins a comment. Errors: every line that is wrong,
// as "file:line: what is wrong".
Checked<std::vector<SizePoint>> read_sizes(std::string_view text, std::string_view file);

}  // namespace soliton
