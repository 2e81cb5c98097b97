#include "tests/unit/programs/embedding.h"

#include <fmt/format.h>

#include "partition/lower/builder.h"

namespace soliton {
namespace {

// Rows padded to whole native vectors.
std::vector<Half> padded_table(const Tensor& table, std::size_t width, std::size_t pitch) {
  const std::size_t symbols = static_cast<std::size_t>(table.shape[0]);
  std::vector<Half> out(symbols * pitch);
  if (table.values == nullptr) return out;
  for (std::size_t s = 0; s < symbols; ++s)
    for (std::size_t i = 0; i < width; ++i)
      out[s * pitch + i] = to_half((*table.values)[s * width + i]);
  return out;
}

}  // namespace

Result<Shard> lower_embedding(const std::string& node, const NpuDevice& device,
                              const NpuFormat& format, const EmbeddingSpec& spec,
                              bool with_weights) {
  constexpr std::int64_t kSymbolsLimit = 65'536;
  if (spec.table.shape.size() != 2 || spec.table.shape[0] < 1 || spec.table.shape[1] < 1)
    return invalid(fmt::format("{}: the table is no matrix of symbols x width", spec.name));
  if (spec.table.shape[0] > kSymbolsLimit)
    return invalid(fmt::format("{}: {} symbols, an index reaches {}", spec.name,
                               spec.table.shape[0], kSymbolsLimit));
  ShardBuilder b(node, device, format, with_weights);
  const std::int64_t width = spec.table.shape[1];
  const std::uint32_t vectors = b.vectors(width);
  const std::uint32_t table =
      b.constant(spec.name + ".table", spec.memory,
                 padded_table(spec.table, static_cast<std::size_t>(width),
                              std::size_t{vectors} * static_cast<std::size_t>(b.native_dim())));
  const std::uint16_t symbol = b.in_port(spec.name + ".symbol", 1);
  const std::uint16_t row = b.out_port(spec.name + ".row", width);
  b.chain(spec.name + ".symbol", vectors).scalar(read_offset(ScalarRegister::kOffset0, symbol));
  b.chain(spec.name + ".lookup", vectors).read_at(spec.memory, table, Indexing::kOffset0).send(row);
  b.end_segment(0, 1);
  return b.take(1, 0);
}

}  // namespace soliton
