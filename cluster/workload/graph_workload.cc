#include "cluster/workload/graph_workload.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cluster/workload/input_files.h"
#include "cluster/workload/symbols.h"
#include "partition/ir/passes/sequences.h"
#include "partition/ir/passes/states.h"
#include "partition/ir/passes/tidy.h"
#include "partition/ir/shown_name.h"
#include "protocol/base/located.h"
#include "protocol/base/suggestion.h"

namespace soliton {
namespace {

constexpr std::size_t kMostProblems = 5;  // per file, because the first few explain the others

bool is_batch(const std::string& symbol) {
  return symbol == "batch" || symbol == "batch_size" || symbol == "N" || symbol == "B";
}

ir::Array zeros(const ir::Array& kind) {
  return ir::with_type(kind.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    return ir::Array::of(kind.shape(), std::vector<T>(static_cast<std::size_t>(kind.elements())));
  });
}

// model.output: the only one that is returned; states stay what they are.
Status choose_output(const std::string& wanted, const std::string& model, ir::Graph& graph) {
  if (wanted.empty()) return {};
  std::vector<std::string> names;
  for (const ir::ValueId id : graph.outputs) names.push_back(graph.name_of(id));
  const auto at = std::ranges::find(names, wanted);
  if (at == names.end())
    return invalid(fmt::format("model.output: {} has no output \"{}\"{}; its outputs are {}", model,
                               shown_name(wanted), suggestion(wanted, names),
                               fmt::join(names, ", ")));
  graph.outputs = {graph.outputs[static_cast<std::size_t>(at - names.begin())]};
  return {};
}

// workload.lengths: valid steps of each request, if there is such a file.
Result<std::vector<std::int64_t>> read_lengths(const std::string& path, std::int64_t rows,
                                               FilesRead& files) {
  if (path.empty()) return std::vector<std::int64_t>();
  files.note(path);
  const Result<NpyArray> lengths = read_npy(path);
  if (!lengths) return tl::unexpected(lengths.error());
  if (!lengths->is_integer() || lengths->rows() != rows || lengths->row_elements() != 1)
    return invalid(fmt::format("{}: holds {}; {} requests need a length each (an integer)", path,
                               held(*lengths), rows));
  std::vector<std::int64_t> out;
  for (std::int64_t row = 0; row < rows; ++row) out.push_back(lengths->integer_row(row).front());
  return out;
}

// The axis that holds the steps: that of a sequence, else the first open one that is not the batch.
std::optional<std::size_t> step_axis(const std::vector<ir::StepAxis>& sequences, std::size_t number,
                                     const ir::Input& input, const InputFile& file) {
  const auto known = std::ranges::find(sequences, number, &ir::StepAxis::input);
  if (known != sequences.end()) return known->axis;
  for (std::size_t axis = 0; axis < input.shape.size(); ++axis)
    if (input.shape[axis] == ir::kOpen && !(file.lanes && axis == file.lanes->axis)) return axis;
  return std::nullopt;
}

// The shapes of inputs: dimensions that files or model.inputs fix hold wherever their name occurs.
class Shapes {
 public:
  Shapes(const ClusterSpec& spec, const std::string& model, const ir::Graph& graph,
         const std::vector<InputFile>& files, Diagnostics& problems)
      : spec_(spec), model_(model), graph_(graph), files_(files), problems_(problems) {
    bind_symbols();
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

 private:
  template <typename... T>
  void refuse(fmt::format_string<T...> format, T&&... arguments) {
    problems_.add(ErrorCode::kInvalid, fmt::format(format, std::forward<T>(arguments)...));
  }
  const std::string& name(std::size_t input) const {
    return graph_.name_of(graph_.inputs[input].value);
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
      if (files_[k].array) learn(input, request_array(files_[k], input, 0).shape());
    }
  }

  const ClusterSpec& spec_;
  const std::string& model_;
  const ir::Graph& graph_;
  const std::vector<InputFile>& files_;
  Diagnostics& problems_;
  std::map<std::string, std::int64_t> symbols_;
};

// Decides where every input comes from and makes the requests.
class Binder {
 public:
  // `sequences`: axes of steps that the model has by itself.
  Binder(const ClusterSpec& spec, const std::string& model, ir::Graph& graph,
         std::vector<InputFile> files, std::vector<ir::StepAxis> sequences, GraphWorkload& out)
      : spec_(spec),
        model_(model),
        graph_(graph),
        files_(std::move(files)),
        sequences_(std::move(sequences)),
        out_(out) {}

  Diagnostics run() {
    for (const InputFile& file : files_)
      if (file.lanes && !out_.lanes) out_.lanes = file.lanes;
    pair_states();
    if (problems_.empty())
      if (const Status chosen = choose_output(spec_.model.output, model_, graph_); !chosen)
        problems_.add(chosen.error());
    if (problems_.empty()) make_requests();
    return std::move(problems_);
  }

 private:
  template <typename... T>
  void refuse(fmt::format_string<T...> format, T&&... arguments) {
    problems_.add(ErrorCode::kInvalid, fmt::format(format, std::forward<T>(arguments)...));
  }

  // What neither a file nor model.inputs feeds is state, if an output returns it; else random.
  void pair_states() {
    std::vector<std::size_t> unfed;
    const bool any_file =
        std::ranges::any_of(files_, [](const InputFile& f) { return !f.path.empty(); });
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

  bool is_state(std::size_t k) const {
    return std::ranges::find(graph_.states, graph_.inputs[k].value, &ir::State::input) !=
           graph_.states.end();
  }

  // The arrays of state, of zeros, and of chance, which have no file.
  void make_requests() {
    Shapes shapes(spec_, model_, graph_, files_, problems_);
    std::vector<ir::Array> kinds(files_.size());
    for (std::size_t k = 0; k < files_.size(); ++k) {
      if (files_[k].array) continue;
      const std::optional<ir::Shape> shape = shapes.bound_shape(k);
      if (!shape) continue;
      kinds[k] = ir::Array::unknown(graph_.inputs[k].type, *shape);
      for (ir::State& state : graph_.states)
        if (state.input == graph_.inputs[k].value) state.initial = zeros(kinds[k]);
      if (std::ranges::find(zero_, k) != zero_.end())
        graph_.values[graph_.inputs[k].value].constant = zeros(kinds[k]);
    }
    if (!problems_.empty()) return;
    drop_constant_inputs(kinds);
    for (const InputFile& file : files_) out_.input_files.push_back(file.path);
    const auto first = std::ranges::find_if(
        files_, [](const InputFile& file) { return file.array.has_value() && !file.whole; });
    if (first != files_.end())
      make_given(first->array->rows(), kinds);
    else
      make_one_value(kinds);
  }

  // Inputs that begin every request with zeros are constants from here on.
  void drop_constant_inputs(std::vector<ir::Array>& kinds) {
    for (std::size_t k = files_.size(); k-- > 0;) {
      if (!graph_.values[graph_.inputs[k].value].constant.present()) continue;
      const auto at = static_cast<std::ptrdiff_t>(k);
      graph_.inputs.erase(graph_.inputs.begin() + at);
      for (ir::StepAxis& axis : sequences_)
        if (axis.input > k) --axis.input;
      files_.erase(files_.begin() + at);
      kinds.erase(kinds.begin() + at);
    }
  }

  void make_given(std::int64_t rows, const std::vector<ir::Array>& kinds) {
    const Result<std::vector<std::int64_t>> lengths =
        read_lengths(spec_.workload.lengths, rows, out_.files);
    if (!lengths) return problems_.add(lengths.error());
    for (std::int64_t row = 0; row < rows && problems_.errors.size() < kMostProblems; ++row) {
      std::vector<ir::Array>& arrays = out_.inputs.given.emplace_back();
      for (std::size_t k = 0; k < files_.size(); ++k) {
        arrays.push_back(files_[k].array ? request_array(files_[k], graph_.inputs[k], row)
                                         : kinds[k]);
        if (!lengths->empty() && files_[k].array)
          cut_to(k, (*lengths)[static_cast<std::size_t>(row)], row, arrays.back());
      }
    }
    out_.inputs.step_axis = ir::varying_axis(out_.inputs.given);
  }

  // Only values that are the same in all requests, and chance: the random ones have no rows.
  void make_one_value(const std::vector<ir::Array>& kinds) {
    const bool any =
        std::ranges::any_of(files_, [](const InputFile& f) { return f.array.has_value(); });
    if (any) return make_given(1, kinds);
    for (std::size_t k = 0; k < kinds.size(); ++k) {
      out_.inputs.kinds.push_back(is_state(k) ? ir::Array() : kinds[k]);
      out_.inputs.symbols.push_back(symbols_of(graph_, graph_.inputs[k].value));
    }
  }

  void cut_to(std::size_t k, std::int64_t length, std::int64_t row, ir::Array& array) {
    const std::optional<std::size_t> axis = step_axis(sequences_, k, graph_.inputs[k], files_[k]);
    if (!axis) return check_whole(k, length, row, array);
    if (length < 1 || length > array.shape()[*axis])
      return refuse("{}: request {} has length {}; its row holds 1 to {}", spec_.workload.lengths,
                    row, length, array.shape()[*axis]);
    array = cut(array, *axis, length);
  }

  // Of an input whose steps are fixed.
  void check_whole(std::size_t k, std::int64_t length, std::int64_t row, const ir::Array& array) {
    const ir::Shape& shape = array.shape();
    if (k > 0 || std::ranges::find(shape, length) != shape.end()) return;
    refuse(
        "{}: request {} has length {}; input \"{}\" of {} has the shape {}, whose steps are fixed",
        spec_.workload.lengths, row, length, shown_name(graph_.name_of(graph_.inputs[k].value)),
        model_, declared_text(graph_.inputs[k]));
  }

  const ClusterSpec& spec_;
  const std::string& model_;
  ir::Graph& graph_;
  std::vector<InputFile> files_;  // by input
  std::vector<ir::StepAxis> sequences_;
  std::vector<std::size_t> zero_;  // inputs that begin every request with zeros
  Diagnostics problems_;
  GraphWorkload& out_;
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
  GraphWorkload out;
  out.inputs.seed = spec.seed;
  std::vector<ir::StepAxis> sequences = ir::drop_length_inputs(graph, [&](const std::string& name) {
    return std::ranges::find(spec.workload.inputs, name, &NamedFile::name) !=
               spec.workload.inputs.end() ||
           std::ranges::find(spec.model.inputs, name, &ModelInput::name) != spec.model.inputs.end();
  });
  Checked<std::vector<InputFile>> files = read_input_files(spec, model, graph, out.files);
  if (!files) return tl::unexpected(std::move(files.error()));
  Diagnostics problems =
      Binder(spec, model, graph, std::move(*files), std::move(sequences), out).run();
  if (problems.empty()) problems = read_answers(spec, model, graph, out);
  if (!problems.empty()) return tl::unexpected(std::move(problems));
  ir::make_outputs(graph);
  // Outputs that were state may have moved behind an Identity of their own.
  ir::remove_unused(graph);
  use_one_lane(graph, out);
  return out;
}

void know_answers(const ir::Graph& graph, const ir::RequestShapes& shapes,
                  GraphWorkload& workload) {
  if (!workload.lanes) return;
  workload.lanes->answers.clear();
  for (const ir::ValueId id : graph.outputs)
    workload.lanes->answers.push_back(shapes.arrays[id].present() ? shapes.shape_of(id)
                                                                  : ir::Shape());
}

ir::Array lane_of(const ir::Array& output, std::size_t number, const std::optional<Lanes>& lanes) {
  if (!lanes || output.rank() == 0) return output;
  const bool known =
      number < lanes->answers.size() && lanes->answers[number].size() == output.rank();
  const ir::Shape& extents = known ? lanes->answers[number] : output.shape();
  // An answer with as many axes as the inputs most likely has theirs.
  std::vector<std::size_t> order = {0, lanes->axis};
  if (output.rank() == lanes->rank) std::swap(order[0], order[1]);
  for (std::size_t axis = 1; axis < output.rank(); ++axis) order.push_back(axis);
  const auto axis = std::ranges::find_if(order, [&](std::size_t candidate) {
    return candidate < output.rank() && extents[candidate] == lanes->count;
  });
  if (axis == order.end()) return output;
  ir::Array first = cut(output, *axis, 1);
  ir::Shape shape = first.shape();
  shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(*axis));
  return first.reshaped(std::move(shape));
}

}  // namespace soliton
