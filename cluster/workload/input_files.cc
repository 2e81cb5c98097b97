#include "cluster/workload/input_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "partition/ir/passes/states.h"
#include "partition/ir/shown_name.h"
#include "protocol/base/located.h"
#include "protocol/base/suggestion.h"

namespace soliton {

std::string held(const NpyArray& array) {
  return fmt::format("{} of shape ({})", type_name(array.type), fmt::join(array.shape, ", "));
}

std::string declared_text(const ir::Input& input) {
  std::vector<std::string> out;
  for (std::size_t axis = 0; axis < input.shape.size(); ++axis)
    out.push_back(input.shape[axis] != ir::kOpen ? std::to_string(input.shape[axis])
                  : input.symbols[axis].empty()  ? "?"
                                                 : shown_name(input.symbols[axis]));
  return fmt::format("[{}]", fmt::join(out, ", "));
}

bool fits(const ir::Input& input, std::span<const std::int64_t> shape,
          std::optional<std::size_t> without) {
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

namespace {

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

// Integers may become wider or narrower integers, real numbers other real numbers; truth values stay
// what they are.
bool convertible(ir::ElementType from, ir::ElementType to) {
  return from == to || (ir::is_integer(from) && ir::is_integer(to)) ||
         (ir::is_real(from) && ir::is_real(to));
}

class FileReader {
 public:
  FileReader(const ClusterSpec& spec, const std::string& model, const ir::Graph& graph,
             FilesRead& files)
      : spec_(spec), model_(model), graph_(graph), out_files_(files), files_(graph.inputs.size()) {}

  Checked<std::vector<InputFile>> run() {
    assign_files();
    if (problems_.empty()) read_files();
    if (!problems_.empty()) return tl::unexpected(std::move(problems_));
    return std::move(files_);
  }

 private:
  using File = InputFile;

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
      out_files_.note(file.path);
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
      if (array.row_elements() == 0)
        return refuse("{}: holds {}, whose requests have no elements", file.path, held(array));
      if (fits(input, row)) return;
      for (std::size_t axis = 0; axis < input.shape.size(); ++axis)
        if (may_be_batch(input, axis) && fits(input, row, axis)) {
          const std::int64_t extent = input.shape[axis];
          file.lanes = Lanes{axis, extent == ir::kOpen ? 1 : extent, input.shape.size()};
          return;
        }
    }
    refuse(
        "{}: holds {}; input \"{}\" of {} has the shape {}: a file has requests along its first "
        "axis, in front of that shape or in place of its batch axis",
        file.path, held(array), shown_name(name(k)), model_, declared_text(input));
  }

  // Where any axis is open, a last one of several elements is no batch: those are of vectors.
  static bool may_be_batch(const ir::Input& input, std::size_t axis) {
    const bool open = std::ranges::find(input.shape, ir::kOpen) != input.shape.end();
    return !open || axis + 1 < input.shape.size() || input.shape[axis] <= 1;
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
    }
  }

  const ClusterSpec& spec_;
  const std::string& model_;
  const ir::Graph& graph_;
  FilesRead& out_files_;
  std::vector<InputFile> files_;  // by input
  Diagnostics problems_;
};

}  // namespace

Checked<std::vector<InputFile>> read_input_files(const ClusterSpec& spec, const std::string& model,
                                                 const ir::Graph& graph, FilesRead& files) {
  return FileReader(spec, model, graph, files).run();
}

ir::Array request_array(const InputFile& file, const ir::Input& input, std::int64_t row) {
  ir::Array array = file.whole ? array_of(*file.array) : array_of_row(*file.array, row);
  array = ir::converted(array, input.type);
  return file.lanes ? with_lanes(array, *file.lanes) : array;
}

}  // namespace soliton
