// What the files of a workload hold, beyond their shapes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "cluster/workload/input_files.h"
#include "cluster/workload/row_lengths.h"
#include "protocol/base/located.h"

namespace soliton {
namespace {

constexpr std::size_t kMostProblems = 5;  // per file, because the first few explain the others

class Checker {
 protected:
  template <typename... T>
  void refuse(fmt::format_string<T...> format, T&&... arguments) {
    problems_.add(ErrorCode::kInvalid, fmt::format(format, std::forward<T>(arguments)...));
  }
  // How many problems there may be when those of a file have been added.
  std::size_t most() const { return problems_.errors.size() + kMostProblems; }

  Diagnostics problems_;
};

// Numbers and symbols of the inputs.
class InputChecker : Checker {
 public:
  InputChecker(const ClusterSpec& spec, const ir::Graph& graph, const GraphWorkload& workload)
      : spec_(spec), graph_(graph), workload_(workload) {}

  Diagnostics run() {
    const bool fpgas = std::ranges::any_of(
        spec_.nodes, [](const NodeSpec& node) { return node.device.kind == Device::Kind::kNpu; });
    if (fpgas) check_numbers();
    for (const ir::Node& node : graph_.nodes) check_symbols(node);
    return std::move(problems_);
  }

 private:
  // An infinity is valid input for a model that clips or squashes it; a NaN has no place in a block of
  // numbers that share an exponent.
  void check_numbers() {
    for (std::size_t k = 0; k < workload_.input_files.size(); ++k) {
      const std::size_t limit = most();
      for (std::size_t row = 0; row < workload_.rows() && problems_.errors.size() < limit; ++row) {
        if (workload_.input_files[k].empty()) break;
        check_numbers(k, row, one_lane(workload_.inputs.given[row][k]));
      }
    }
  }

  // An input without the copies of its lanes.
  ir::Array one_lane(const ir::Array& array) const {
    const bool copied =
        workload_.lanes && workload_.lanes->count > 1 && workload_.lanes->axis < array.rank();
    return copied ? cut(array, workload_.lanes->axis, 1) : array;
  }

  void check_numbers(std::size_t input, std::size_t row, const ir::Array& given) {
    if (!ir::is_real(given.type())) return;
    const ir::Array array = ir::converted(given, ir::ElementType::kFloat64);
    const auto values = array.as<double>();
    const auto bad = std::ranges::find_if(values, [](double v) { return std::isnan(v); });
    if (bad == values.end()) return;
    const std::int64_t width =
        array.rank() == 0 ? 1 : std::max<std::int64_t>(1, array.shape().back());
    refuse("{}: request {}, vector {}, element {}: not a number (NaN); any other value is allowed",
           workload_.input_files[input], row, (bad - values.begin()) / width,
           (bad - values.begin()) % width);
  }

  // Symbols that are looked up in a table, straight from a file.
  void check_symbols(const ir::Node& node) {
    if (node.op != "Gather" || node.inputs.size() < 2) return;
    const auto input = std::ranges::find(graph_.inputs, node.inputs[1], &ir::Input::value);
    const ir::Array& table = graph_.values[node.inputs[0]].constant;
    const auto axis = node.integer("axis", 0);
    if (input == graph_.inputs.end() || !table.present() || !axis || *axis != 0 ||
        table.rank() == 0)
      return;
    const auto k = static_cast<std::size_t>(input - graph_.inputs.begin());
    const std::int64_t symbols = table.shape()[0];
    const std::size_t limit = most();
    for (std::size_t row = 0; row < workload_.rows() && problems_.errors.size() < limit; ++row) {
      const ir::Array numbers =
          ir::converted(workload_.inputs.given[row][k], ir::ElementType::kInt64);
      if (!numbers.known()) continue;
      const auto values = numbers.as<std::int64_t>();
      const auto bad = std::ranges::find_if(
          values, [&](std::int64_t it) { return it < -symbols || it >= symbols; });
      if (bad == values.end()) continue;
      refuse("{}: request {}, step {}: symbol {}; the table has 0 to {}", workload_.input_files[k],
             row, bad - values.begin(), *bad, symbols - 1);
    }
  }

  const ClusterSpec& spec_;
  const ir::Graph& graph_;
  const GraphWorkload& workload_;
};

// Goldens, labels, and the answers that are saved.
class AnswerChecker : Checker {
 public:
  AnswerChecker(const ClusterSpec& spec, const std::string& model, const ir::Graph& graph,
                const ir::RequestShapes& shapes, GraphWorkload& workload)
      : spec_(spec), model_(model), graph_(graph), shapes_(shapes), workload_(workload) {}

  Diagnostics run() {
    for (std::size_t k = 0; k < workload_.goldens.size(); ++k)
      if (!workload_.goldens[k].empty()) check_golden(k);
    if (!workload_.labels.empty()) check_labels();
    check_saved();
    return std::move(problems_);
  }

 private:
  // The shape of an answer of request `row`, without lanes; nullopt: it is not known beforehand.
  std::optional<ir::Shape> answer_shape(std::size_t output, std::size_t row) const {
    const ir::ValueId id = graph_.outputs[output];
    if (!shapes_.arrays[id].present()) return std::nullopt;
    ir::Shape shape = shapes_.shape_of(id);
    std::ranges::replace(shape, ir::kOpen, workload_.inputs.steps(static_cast<std::uint32_t>(row)));
    const std::int64_t elements = ir::Array::unknown(ir::ElementType::kUint8, shape).elements();
    return lane_of(
               ir::Array::of(shape, std::vector<std::uint8_t>(static_cast<std::size_t>(elements))),
               output, workload_.lanes)
        .shape();
  }

  static std::int64_t elements_of(const ir::Shape& shape) {
    return ir::Array::unknown(ir::ElementType::kUint8, shape).elements();
  }

  // Rows are padded to one length; values behind the end of an answer are not looked at.
  void check_golden(std::size_t output) {
    const NpyArray& golden = workload_.goldens[output].front();
    const std::string& file = workload_.golden_files[output];
    const std::size_t limit = most();
    for (std::size_t row = 0; row < workload_.rows() && problems_.errors.size() < limit; ++row) {
      const std::optional<ir::Shape> shape = answer_shape(output, row);
      if (!shape) return;
      const ir::Array all = ir::converted(array_of_row(golden, static_cast<std::int64_t>(row)),
                                          ir::ElementType::kFloat32);
      const ir::Array cut =
          all.elements() == elements_of(*shape) ? all : cut_to_answer(all, *shape);
      if (cut.elements() != elements_of(*shape))
        return refuse("{}: holds {}; an answer to request {} has the shape {}", file, held(golden),
                      row, ir::shape_text(*shape));
      const auto values = cut.as<float>();
      // An infinity is a valid answer: masked classes have it.
      const auto bad = std::ranges::find_if(values, [](float v) { return std::isnan(v); });
      if (bad != values.end())
        refuse("{}: request {}, value {}: not a number (NaN); any other value is allowed", file,
               row, bad - values.begin());
    }
  }

  // A label for each vector of the first output; those behind the end of an answer are dropped.
  void check_labels() {
    const bool real = ir::is_real(shapes_.arrays[graph_.outputs[0]].type());
    const std::size_t limit = most();
    for (std::size_t row = 0; row < workload_.rows() && problems_.errors.size() < limit; ++row) {
      const std::optional<ir::Shape> shape = answer_shape(0, row);
      if (!shape || (real && (shape->empty() || shape->back() == 0))) return;
      // An answer of integers is the classes themselves.
      const std::int64_t classes = real ? shape->back() : std::numeric_limits<std::int64_t>::max();
      const std::int64_t vectors = elements_of(*shape) / (real ? classes : 1);
      std::vector<std::int64_t>& labels = workload_.labels[row];
      if (static_cast<std::int64_t>(labels.size()) < vectors)
        return refuse(
            "{}: holds {} label{} a request; {} answers request {} with {} vectors, and each "
            "needs a label",
            spec_.workload.labels, labels.size(), labels.size() == 1 ? "" : "s", model_, row,
            vectors);
      labels.resize(static_cast<std::size_t>(vectors));
      const auto bad = std::ranges::find_if(
          labels, [&](std::int64_t label) { return label < 0 || label >= classes; });
      if (!real || bad == labels.end()) continue;
      refuse("{}: request {}{} has label {}; {} has the classes 0 to {}", spec_.workload.labels,
             row, vectors > 1 ? fmt::format(", step {},", bad - labels.begin()) : "", *bad, model_,
             classes - 1);
    }
  }

  // All answers of an output are written to one file, whose size is limited.
  void check_saved() {
    if (!spec_.save_outputs) return;
    for (const ir::ValueId id : graph_.outputs) {
      const ir::Array& answer = shapes_.arrays[id];
      if (!answer.present()) continue;
      const std::int64_t allowed = kMaxNpyBytes / std::max<std::int64_t>(answer.bytes(), 1);
      if (spec_.workload.requests <= allowed) continue;
      refuse(
          "{}: outputs: save: all: the answers of {} requests have more bytes than the {} of a "
          "file; allowed are {} requests",
          spec_.file, spec_.workload.requests, kMaxNpyBytes, allowed);
    }
  }

  const ClusterSpec& spec_;
  const std::string& model_;
  const ir::Graph& graph_;
  const ir::RequestShapes& shapes_;
  GraphWorkload& workload_;
};

}  // namespace

Diagnostics check_data(const ClusterSpec& spec, const std::string& model, const ir::Graph& graph,
                       const ir::RequestShapes& shapes, GraphWorkload& workload) {
  Diagnostics problems = InputChecker(spec, graph, workload).run();
  problems.append(AnswerChecker(spec, model, graph, shapes, workload).run());
  return problems;
}

}  // namespace soliton
