#include "tests/fuzz/onnx/onnx_fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "partition/ir/evaluate.h"
#include "partition/ir/passes/sequences.h"
#include "partition/ir/passes/states.h"
#include "partition/ir/passes/tidy.h"
#include "partition/onnx/import_onnx.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

// Where to run a graph would only cost time and memory.
constexpr std::int64_t kMostElements = 1 << 14;
constexpr std::int64_t kMostWork = 1 << 22;

// A file without a name, as far as the reader can tell an ordinary one.
class MemoryFile {
 public:
  explicit MemoryFile(std::span<const std::uint8_t> bytes) : fd_(memfd_create("model.onnx", 0)) {
    std::size_t done = 0;
    while (fd_ >= 0 && done < bytes.size()) {
      const ssize_t wrote = ::write(fd_, bytes.data() + done, bytes.size() - done);
      if (wrote <= 0) break;
      done += static_cast<std::size_t>(wrote);
    }
  }
  ~MemoryFile() { ::close(fd_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

// Open dimensions are 1; nullopt if an input is large or of no shape.
std::optional<std::vector<ir::Array>> kinds_of(const ir::Graph& graph) {
  std::vector<ir::Array> out;
  for (const ir::Input& input : graph.inputs) {
    ir::Shape shape = input.shape;
    std::int64_t elements = 1;
    for (std::int64_t& extent : shape) {
      if (extent == ir::kOpen) extent = 1;
      if (extent < 0 || __builtin_mul_overflow(elements, extent, &elements) ||
          elements > kMostElements)
        return std::nullopt;
    }
    if (input.type == ir::ElementType::kNone) return std::nullopt;
    out.push_back(ir::Array::unknown(input.type, std::move(shape)));
  }
  return out;
}

ir::Array zeros(const ir::Array& kind) {
  return ir::with_type(kind.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    return ir::Array::of(kind.shape(), std::vector<T>(static_cast<std::size_t>(kind.elements())));
  });
}

}  // namespace

void fuzz_onnx(std::span<const std::uint8_t> bytes) {
  const MemoryFile file(bytes);
  Checked<ImportedModel> model = import_onnx(file.path());
  if (!model) {
    SOLITON_CHECK(!model.error().errors.empty());
    return;
  }
  ir::Graph& graph = model->graph;
  SOLITON_CHECK_MSG(broken_rule(graph).empty(), "{}", broken_rule(graph));
  std::vector<std::size_t> inputs;
  for (std::size_t k = 0; k < graph.inputs.size(); ++k) inputs.push_back(k);
  (void)ir::find_states(graph, inputs);
  ir::make_outputs(graph);
  SOLITON_CHECK_MSG(broken_rule(graph).empty(), "{}", broken_rule(graph));
  const std::optional<std::vector<ir::Array>> kinds = kinds_of(graph);
  if (!kinds) return;
  std::int64_t work = 0;
  const Result<ir::Outputs> shapes = ir::evaluate(
      graph, *kinds, [&](std::size_t node, const ir::Call& call, const ir::Outputs& outputs) {
        const ir::Work of_node = work_of(*graph.nodes[node].kind, call, outputs);
        work = std::min(kMostWork + 1, work + of_node.multiply_adds / 2 + of_node.operations / 2);
        for (const ir::Array& output : outputs)
          if (output.elements() > kMostElements) work = kMostWork + 1;
        return work <= kMostWork;
      });
  if (!shapes || work > kMostWork) return;
  std::vector<ir::Array> values;
  for (const ir::Array& kind : *kinds) values.push_back(zeros(kind));
  const Result<ir::Outputs> outputs = ir::evaluate(graph, values);
  if (!outputs) return;
  for (std::size_t k = 0; k < outputs->size(); ++k) {
    // Shapes without values are those with values, unless they depend on values.
    SOLITON_CHECK((*outputs)[k].known());
    SOLITON_CHECK((*outputs)[k].type() == (*shapes)[k].type());
  }
  ir::plain_sequences(graph, ir::alike(ir::infer_partly(graph, *kinds)));
  SOLITON_CHECK_MSG(broken_rule(graph).empty(), "{}", broken_rule(graph));
  const Result<ir::Outputs> again = ir::evaluate(graph, values);
  SOLITON_CHECK_MSG(again.has_value(), "{}", again.error().message);
  for (std::size_t k = 0; k < outputs->size(); ++k)
    SOLITON_CHECK(identical((*again)[k], (*outputs)[k]));
}

}  // namespace soliton
