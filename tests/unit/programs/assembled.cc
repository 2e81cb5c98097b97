#include "tests/unit/programs/assembled.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "protocol/base/rng.h"
#include "protocol/isa/assembly.h"
#include "tests/unit/programs/play.h"

namespace soliton::testing {

Shard assembled(const std::string& text, const std::string& name) {
  const auto lookup = [](const std::string& device) -> Result<NpuDevice> {
    return device_named(device);
  };
  const Checked<Shard> shard = assemble(parse_assembly(text, name), name, lookup);
  EXPECT_TRUE(shard.has_value()) << (shard ? "" : shard.error().text());
  return shard.value_or(Shard{});
}

std::string shipped_text(const std::string& name) {
  std::ifstream in(std::string(SOLITON_SOURCE_DIR) + "/configs/programs/" + name + ".npu");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

Shard shipped_program(const std::string& name) { return assembled(shipped_text(name), name); }

// The recipes of the pages, written down again.
std::vector<float> random_matrix(std::uint64_t seed, std::size_t rows, std::size_t columns) {
  const Random random(seed, "assembly matrix");
  const double width = std::sqrt(12.0 / static_cast<double>(columns));
  std::vector<float> out(rows * columns);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<float>((random.unit(i) - 0.5) * width);
  return out;
}

Halves random_vector(std::uint64_t seed, std::size_t count) {
  const Random random(seed, "assembly vector");
  Halves out(count);
  for (std::size_t i = 0; i < count; ++i)
    out[i] = to_half(static_cast<float>(random.unit(i) - 0.5));
  return out;
}

}  // namespace soliton::testing
