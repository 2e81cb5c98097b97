#include "cluster/workload/graph_workload.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "partition/ir/passes/states.h"
#include "partition/ir/passes/tidy.h"
#include "partition/ir/shown_name.h"
#include "protocol/base/located.h"
#include "protocol/base/suggestion.h"

namespace soliton {
namespace {

constexpr std::size_t kMostProblems = 5;  // per file, because the first few explain the others

std::string held(const NpyArray& array) {
  return fmt::format("{} of shape ({})", type_name(array.type), fmt::join(array.shape, ", "));
}

// "[1, T, 80]"
std::string declared_text(const ir::Input& input) {
  std::vector<std::string> out;
  for (std::size_t axis = 0; axis < input.shape.size(); ++axis)
    out.push_back(input.shape[axis] != ir::kOpen ? std::to_string(input.shape[axis])
                  : input.symbols[axis].empty()  ? "?"
                                                 : shown_name(input.symbols[axis]));
  return fmt::format("[{}]", fmt::join(out, ", "));
}

// Whether an array of that shape can be the input; with `without`, that axis is left out.
bool fits(const ir::Input& input, std::span<const std::int64_t> shape,
          std::optional<std::size_t> without = std::nullopt) {
  if (!input.ranked) return !without;
  if (input.shape.size() != shape.size() + (without ? 1 : 0)) return false;
  std::size_t k = 0;
  for (std::size_t axis = 0; axis < input.shape.size(); ++axis) {
    if (axis == without) continue;
    const std::int64_t extent = shape[k++];
    if (input.shape[axis] != ir::kOpen && input.shape[axis] != extent) return false;
  }
  return true;
}

// `row` with a new axis of `lanes.count` copies.
ir::Array with_lanes(const ir::Array& row, const Lanes& lanes) {
  ir::Shape shape = row.shape();
  shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(lanes.axis), lanes.count);
  if (lanes.count == 1) return row.reshaped(std::move(shape));
  return ir::with_type(row.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::int64_t inner = 1;
    for (std::size_t axis = lanes.axis; axis < row.rank(); ++axis) inner *= row.shape()[axis];
    const auto in = row.as<T>();
    std::vector<T> out;
    out.reserve(in.size() * static_cast<std::size_t>(lanes.count));
    for (std::int64_t first = 0; first < row.elements(); first += inner)
      for (std::int64_t lane = 0; lane < lanes.count; ++lane)
        out.insert(out.end(), in.begin() + first, in.begin() + first + inner);
    return ir::Array::of(shape, std::move(out));
  });
}

// The first `count` indices of an axis.
ir::Array cut(const ir::Array& array, std::size_t axis, std::int64_t count) {
  ir::Shape shape = array.shape();
  std::int64_t inner = 1;
  for (std::size_t k = axis + 1; k < shape.size(); ++k) inner *= shape[k];
  const std::int64_t whole = shape[axis] * inner;
  shape[axis] = count;
  return ir::with_type(array.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto in = array.as<T>();
    std::vector<T> out;
    for (std::int64_t first = 0; first < array.elements(); first += whole)
      out.insert(out.end(), in.begin() + first, in.begin() + first + count * inner);
    return ir::Array::of(shape, std::move(out));
  });
}

// Integers may become wider or narrower integers, real numbers other real numbers; truth values stay
// what they are.
bool convertible(ir::ElementType from, ir::ElementType to) {
  return from == to || (ir::is_integer(from) && ir::is_integer(to)) ||
         (ir::is_real(from) && ir::is_real(to));
}

class Loader {
 public:
  Loader(const ClusterSpec& spec, const std::string& model, ir::Graph& graph)
      : spec_(spec), model_(model), graph_(graph), files_(graph.inputs.size()) {}

  Checked<GraphWorkload> run() {
    out_.inputs.seed = spec_.seed;
    assign_files();
    if (problems_.empty()) read_files();
    if (problems_.empty()) pair_states();
    if (problems_.empty()) choose_output();
    if (problems_.empty()) bind_symbols();
    if (problems_.empty()) make_requests();
    if (problems_.empty()) read_answers();
    if (!problems_.empty()) return tl::unexpected(std::move(problems_));
    return std::move(out_);
  }

 private:
  struct File {
    std::string path;
    std::optional<NpyArray> array;
    bool whole = false;          // one value for all requests
    std::optional<Lanes> lanes;  // its rows have one axis less than the input
  };

  template <typename... T>
  void refuse(fmt::format_string<T...> format, T&&... arguments) {
    problems_.add(ErrorCode::kInvalid, fmt::format(format, std::forward<T>(arguments)...));
  }
  const std::string& name(std::size_t input) const {
    return graph_.name_of(graph_.inputs[input].value);
  }
  std::vector<std::string> input_names() const {
    std::vector<std::string> out;
    for (std::size_t k = 0; k < graph_.inputs.size(); ++k) out.push_back(name(k));
    return out;
  }

  // Which file belongs to which input.
  void assign_files() {
    const std::vector<std::string> names = input_names();
    for (const NamedFile& file : spec_.workload.inputs) {
      const auto at = std::ranges::find(names, file.name);
      if (at == names.end())
        problems_.add(ErrorCode::kInvalid,
                      located(file.position,
                              fmt::format("workload.input: {} has no input \"{}\"{}", model_,
                                          shown_name(file.name), suggestion(file.name, names))));
      else
        files_[static_cast<std::size_t>(at - names.begin())].path = file.path;
    }
    if (!spec_.workload.input.empty() && spec_.workload.input != "random") assign_one_file();
  }

  // One file feeds all inputs that are not state, if they are alike.
  void assign_one_file() {
    std::vector<std::size_t> fed;
    for (std::size_t k = 0; k < graph_.inputs.size(); ++k)
      if (k == 0 || !ir::find_states(graph_, {k})) fed.push_back(k);
    for (const std::size_t k : fed) {
      const ir::Input &first = graph_.inputs[fed.front()], &other = graph_.inputs[k];
      if (other.shape != first.shape || other.type != first.type || other.ranked != first.ranked) {
        std::vector<std::string> keys;
        for (const std::size_t each : fed)
          keys.push_back(fmt::format("{}: FILE", shown_name(name(each))));
        return refuse(
            "{}: one file cannot feed the inputs of {}, which differ; name one for each: "
            "workload.input: {{{}}}",
            spec_.workload.input, model_, fmt::join(keys, ", "));
      }
      files_[k].path = spec_.workload.input;
    }
  }

  void read_files() {
    std::map<std::string, NpyArray> read;
    for (std::size_t k = 0; k < files_.size(); ++k) {
      File& file = files_[k];
      if (file.path.empty()) continue;
      out_.files.note(file.path);
      if (!read.contains(file.path)) {
        Result<NpyArray> array = read_npy(file.path);
        if (!array) {
          refuse("{}", array.error().message);
          continue;
        }
        read.emplace(file.path, std::move(*array));
      }
      file.array = read.at(file.path);
      shape_file(k, file);
    }
    check_rows();
  }

  // How the file's rows become the input: with as many axes, with a batch axis added, or, of an input
  // that is one number, as they are.
  void shape_file(std::size_t k, File& file) {
    const ir::Input& input = graph_.inputs[k];
    const NpyArray& array = *file.array;
    if (!convertible(array_of_row_type(array), input.type))
      return refuse("{}: holds {}; input \"{}\" of {} is of type {}", file.path, held(array),
                    shown_name(name(k)), model_, ir::element_name(input.type));
    if (array.shape.empty() && fits(input, {})) {
      file.whole = true;
      return;
    }
    if (!array.shape.empty()) {
      if (array.rows() == 0) return refuse("{}: holds no request", file.path);
      const auto row = std::span(array.shape).subspan(1);
      if (fits(input, row)) return;
      for (std::size_t axis = 0; axis < input.shape.size(); ++axis)
        if (fits(input, row, axis)) {
          file.lanes = Lanes{axis, input.shape[axis] == ir::kOpen ? 1 : input.shape[axis]};
          return;
        }
    }
    refuse(
        "{}: holds {}; input \"{}\" of {} has the shape {}: a file has requests along its first "
        "axis, in front of that shape or in place of its batch axis",
        file.path, held(array), shown_name(name(k)), model_, declared_text(input));
  }

  static ir::ElementType array_of_row_type(const NpyArray& array) {
    NpyArray empty{array.type, {0}, {}};
    return array_of(empty).type();
  }

  void check_rows() {
    const File* first = nullptr;
    for (const File& file : files_) {
      if (!file.array || file.whole) continue;
      if (first == nullptr) first = &file;
      if (file.array->rows() != first->array->rows())
        refuse("{}: holds {} requests, but {} holds {}", file.path, file.array->rows(), first->path,
               first->array->rows());
      if (file.lanes && !out_.lanes) out_.lanes = file.lanes;
    }
  }

  // What neither a file nor model.inputs feeds is state, if an output returns it; else random.
  void pair_states() {
    std::vector<std::size_t> unfed;
    const bool any_file =
        std::ranges::any_of(files_, [](const File& f) { return !f.path.empty(); });
    for (std::size_t k = 0; k < files_.size(); ++k) {
      if (!files_[k].path.empty()) continue;
      // Without files every input is random, but those that an output returns are state.
      if (any_file || (k > 0 && ir::find_states(graph_, {k}))) unfed.push_back(k);
    }
    if (spec_.model.zero_state) {
      zero_ = unfed;
      return;
    }
    Checked<std::vector<ir::StatePair>> pairs = ir::find_states(graph_, unfed);
    if (!pairs) return problems_.append(std::move(pairs.error()));
    for (const ir::StatePair& pair : *pairs)
      graph_.states.push_back(
          {graph_.inputs[pair.input].value, graph_.outputs[pair.output], ir::Array()});
  }

  // model.output: the only one that is returned; states stay what they are.
  void choose_output() {
    const std::string& wanted = spec_.model.output;
    if (wanted.empty()) return;
    std::vector<std::string> names;
    for (const ir::ValueId id : graph_.outputs) names.push_back(graph_.name_of(id));
    const auto at = std::ranges::find(names, wanted);
    if (at == names.end())
      return refuse("model.output: {} has no output \"{}\"{}; its outputs are {}", model_,
                    shown_name(wanted), suggestion(wanted, names), fmt::join(names, ", "));
    graph_.outputs = {graph_.outputs[static_cast<std::size_t>(at - names.begin())]};
  }

  const ModelInput* said_of(std::size_t k) const {
    const auto at = std::ranges::find(spec_.model.inputs, name(k), &ModelInput::name);
    return at == spec_.model.inputs.end() || !at->shape ? nullptr : &*at;
  }

  void learn(const ir::Input& input, std::span<const std::int64_t> shape) {
    for (std::size_t axis = 0; axis < std::min(shape.size(), input.symbols.size()); ++axis)
      if (!input.symbols[axis].empty()) symbols_.emplace(input.symbols[axis], shape[axis]);
  }

  // Dimensions that files or model.inputs fix hold wherever their name occurs.
  void bind_symbols() {
    for (std::size_t k = 0; k < files_.size(); ++k) {
      const ir::Input& input = graph_.inputs[k];
      if (const ModelInput* said = said_of(k)) {
        if (!fits(input, *said->shape))
          problems_.add(
              ErrorCode::kInvalid,
              located(said->position,
                      fmt::format("model.inputs.{}: [{}] does not fit the shape {}", said->name,
                                  fmt::join(*said->shape, ", "), declared_text(input))));
        learn(input, *said->shape);
      }
      if (files_[k].array) learn(input, request_array(k, 0).shape());
    }
  }

  // The shape of an input that no file gives.
  std::optional<ir::Shape> bound_shape(std::size_t k) {
    const ir::Input& input = graph_.inputs[k];
    if (const ModelInput* said = said_of(k)) return *said->shape;
    if (!input.ranked) {
      refuse("input \"{}\" of {} has no shape; bind it: model.inputs: {{{}: [1, 80]}}",
             shown_name(name(k)), model_, shown_name(name(k)));
      return std::nullopt;
    }
    ir::Shape out = input.shape;
    for (std::size_t axis = 0; axis < out.size(); ++axis) {
      if (out[axis] != ir::kOpen) continue;
      const auto known = symbols_.find(input.symbols[axis]);
      if (!input.symbols[axis].empty() && known != symbols_.end())
        out[axis] = known->second;
      else if (axis == 0 || is_batch(input.symbols[axis]))
        out[axis] = 1;  // a batch that is left open
      else {
        refuse(
            "input \"{}\" of {} has the shape {}, and its axis {} is open; bind it: "
            "model.inputs: {{{}: SHAPE}}, or name a file for it in workload.input",
            shown_name(name(k)), model_, declared_text(input), axis, shown_name(name(k)));
        return std::nullopt;
      }
    }
    return out;
  }

  static bool is_batch(const std::string& symbol) {
    return symbol == "batch" || symbol == "batch_size" || symbol == "N" || symbol == "B";
  }

  ir::Array request_array(std::size_t k, std::int64_t row) const {
    const File& file = files_[k];
    ir::Array array = file.whole ? array_of(*file.array) : array_of_row(*file.array, row);
    array = ir::converted(array, graph_.inputs[k].type);
    return file.lanes ? with_lanes(array, *file.lanes) : array;
  }

  bool is_state(std::size_t k) const {
    return std::ranges::find(graph_.states, graph_.inputs[k].value, &ir::State::input) !=
           graph_.states.end();
  }

  // The arrays of state, of zeros, and of chance, which have no file.
  void make_requests() {
    std::vector<ir::Array> kinds(files_.size());
    for (std::size_t k = 0; k < files_.size(); ++k) {
      if (files_[k].array) continue;
      const std::optional<ir::Shape> shape = bound_shape(k);
      if (!shape) continue;
      kinds[k] = ir::Array::unknown(graph_.inputs[k].type, *shape);
      for (ir::State& state : graph_.states)
        if (state.input == graph_.inputs[k].value) state.initial = zeros(kinds[k]);
      if (std::ranges::find(zero_, k) != zero_.end())
        graph_.values[graph_.inputs[k].value].constant = zeros(kinds[k]);
    }
    if (!problems_.empty()) return;
    drop_constant_inputs(kinds);
    const auto first = std::ranges::find_if(
        files_, [](const File& file) { return file.array.has_value() && !file.whole; });
    if (first != files_.end())
      make_given(first->array->rows(), kinds);
    else
      make_one_value(kinds);
  }

  static ir::Array zeros(const ir::Array& kind) {
    return ir::with_type(kind.type(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      return ir::Array::of(kind.shape(), std::vector<T>(static_cast<std::size_t>(kind.elements())));
    });
  }

  // Inputs that begin every request with zeros are constants from here on.
  void drop_constant_inputs(std::vector<ir::Array>& kinds) {
    for (std::size_t k = files_.size(); k-- > 0;) {
      if (!graph_.values[graph_.inputs[k].value].constant.present()) continue;
      const auto at = static_cast<std::ptrdiff_t>(k);
      graph_.inputs.erase(graph_.inputs.begin() + at);
      files_.erase(files_.begin() + at);
      kinds.erase(kinds.begin() + at);
    }
  }

  void make_given(std::int64_t rows, const std::vector<ir::Array>& kinds) {
    const std::optional<std::vector<std::int64_t>> lengths = read_lengths(rows);
    for (std::int64_t row = 0; row < rows && problems_.errors.size() < kMostProblems; ++row) {
      std::vector<ir::Array>& arrays = out_.inputs.given.emplace_back();
      for (std::size_t k = 0; k < files_.size(); ++k) {
        arrays.push_back(files_[k].array ? request_array(k, row) : kinds[k]);
        if (lengths && files_[k].array)
          cut_to(k, (*lengths)[static_cast<std::size_t>(row)], row, arrays.back());
      }
    }
  }

  // Only values that are the same in all requests, and chance: the random ones have no rows.
  void make_one_value(const std::vector<ir::Array>& kinds) {
    const bool any = std::ranges::any_of(files_, [](const File& f) { return f.array.has_value(); });
    if (any) return make_given(1, kinds);
    for (std::size_t k = 0; k < kinds.size(); ++k)
      out_.inputs.kinds.push_back(is_state(k) ? ir::Array() : kinds[k]);
  }

  std::optional<std::vector<std::int64_t>> read_lengths(std::int64_t rows) {
    const std::string& path = spec_.workload.lengths;
    if (path.empty()) return std::nullopt;
    out_.files.note(path);
    const Result<NpyArray> lengths = read_npy(path);
    if (!lengths) {
      refuse("{}", lengths.error().message);
      return std::nullopt;
    }
    if (!lengths->is_integer() || lengths->rows() != rows || lengths->row_elements() != 1) {
      refuse("{}: holds {}; {} requests need a length each (an integer)", path, held(*lengths),
             rows);
      return std::nullopt;
    }
    std::vector<std::int64_t> out;
    for (std::int64_t row = 0; row < rows; ++row) out.push_back(lengths->integer_row(row).front());
    return out;
  }

  // The first open axis that is not the batch holds the steps.
  void cut_to(std::size_t k, std::int64_t length, std::int64_t row, ir::Array& array) {
    const ir::Input& input = graph_.inputs[k];
    for (std::size_t axis = 0; axis < input.shape.size(); ++axis) {
      const bool batch = files_[k].lanes ? axis == files_[k].lanes->axis : false;
      if (input.shape[axis] != ir::kOpen || batch) continue;
      if (length < 1 || length > array.shape()[axis])
        return refuse("{}: request {} has length {}; its row holds 1 to {}", spec_.workload.lengths,
                      row, length, array.shape()[axis]);
      array = cut(array, axis, length);
      return;
    }
  }

  void read_answers() {
    if (!spec_.workload.labels.empty()) read_labels(spec_.workload.labels);
    std::vector<std::string> names;
    for (const ir::ValueId id : graph_.outputs) names.push_back(graph_.name_of(id));
    out_.goldens.resize(names.size());
    if (!spec_.workload.golden.empty()) read_golden(spec_.workload.golden, 0);
    for (const NamedFile& file : spec_.workload.goldens) {
      const auto at = std::ranges::find(names, file.name);
      if (at == names.end())
        problems_.add(ErrorCode::kInvalid,
                      located(file.position,
                              fmt::format("workload.golden: {} has no output \"{}\"{}", model_,
                                          shown_name(file.name), suggestion(file.name, names))));
      else
        read_golden(file.path, static_cast<std::size_t>(at - names.begin()));
    }
  }

  void read_labels(const std::string& path) {
    out_.files.note(path);
    const Result<NpyArray> labels = read_npy(path);
    if (!labels) return refuse("{}", labels.error().message);
    const auto rows = static_cast<std::int64_t>(out_.rows());
    if (!labels->is_integer() || labels->rows() != rows || labels->row_elements() == 0)
      return refuse("{}: holds {}; {} requests need labels (integers)", path, held(*labels), rows);
    for (std::int64_t row = 0; row < rows; ++row) out_.labels.push_back(labels->integer_row(row));
  }

  void read_golden(const std::string& path, std::size_t output) {
    out_.files.note(path);
    Result<NpyArray> golden = read_npy(path);
    if (!golden) return refuse("{}", golden.error().message);
    const auto rows = static_cast<std::int64_t>(out_.rows());
    if (golden->rows() != rows)
      return refuse("{}: holds {}; there are {} requests", path, held(*golden), rows);
    out_.goldens[output] = {std::move(*golden)};
  }

  const ClusterSpec& spec_;
  const std::string& model_;
  ir::Graph& graph_;
  std::vector<File> files_;        // by input
  std::vector<std::size_t> zero_;  // inputs that begin every request with zeros
  std::map<std::string, std::int64_t> symbols_;
  Diagnostics problems_;
  GraphWorkload out_;
};

}  // namespace

Checked<std::map<std::string, ir::Array>> given_inputs(const ModelSpec& model, FilesRead& files) {
  std::map<std::string, ir::Array> out;
  Diagnostics problems;
  for (const ModelInput& input : model.inputs) {
    if (input.file.empty()) continue;
    files.note(input.file);
    const Result<NpyArray> array = read_npy(input.file);
    if (array)
      out.emplace(input.name, array_of(*array));
    else
      problems.add(ErrorCode::kInvalid, located(input.position, array.error().message));
  }
  if (!problems.empty()) return tl::unexpected(std::move(problems));
  return out;
}

Checked<GraphWorkload> load_graph_workload(const ClusterSpec& spec, const std::string& model,
                                           ir::Graph& graph) {
  Checked<GraphWorkload> out = Loader(spec, model, graph).run();
  if (out) {
    ir::make_outputs(graph);
    // Outputs that were state may have moved behind an Identity of their own.
    ir::remove_unused(graph);
  }
  return out;
}

ir::Array lane_of(const ir::Array& output, const std::optional<Lanes>& lanes) {
  if (!lanes || output.rank() == 0) return output;
  std::vector<std::size_t> order = {0, lanes->axis};
  for (std::size_t axis = 1; axis < output.rank(); ++axis) order.push_back(axis);
  const auto axis = std::ranges::find_if(order, [&](std::size_t candidate) {
    return candidate < output.rank() && output.shape()[candidate] == lanes->count;
  });
  if (axis == order.end()) return output;
  ir::Array first = cut(output, *axis, 1);
  ir::Shape shape = first.shape();
  shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(*axis));
  return first.reshaped(std::move(shape));
}

}  // namespace soliton
