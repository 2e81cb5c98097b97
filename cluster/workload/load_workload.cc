#include <fmt/format.h>

#include <algorithm>

#include "cluster/workload/workload.h"
#include "partition/ir/npy.h"

namespace soliton {
namespace {

// Steps are 16 bits in a data message's header.
constexpr std::int64_t kMaxSteps = 65535;

class Loader {
 public:
  Loader(const ClusterSpec& spec, const Model& model) : spec_(spec), model_(model) {}

  Checked<Workload> load() {
    if (spec_.workload.input == "random")
      random();
    else
      from_files();
    if (!problems_.empty()) return tl::unexpected<Diagnostics>(std::move(problems_));
    return std::move(workload_);
  }

 private:
  void problem(std::string message) { problems_.add(ErrorCode::kInvalid, std::move(message)); }

  std::optional<NpyArray> read(const std::string& path) {
    workload_.files.note(path);
    Result<NpyArray> array = read_npy(path);
    if (array) return std::move(*array);
    problem(array.error().message);
    return std::nullopt;
  }

  void random() {
    std::int64_t steps = spec_.model.rnn ? spec_.model.rnn->steps : model_.fixed_steps;
    if (steps == 0)
      problem(fmt::format("{} takes requests of any length: workload.input must name a file",
                          model_.name));
    workload_.inputs.seed = spec_.seed;
    workload_.inputs.random_steps = steps;
    workload_.steps_max = std::max<std::int64_t>(steps, 1);
    check_steps(steps);
  }

  void check_steps(std::int64_t steps) {
    if (steps > kMaxSteps)
      problem(fmt::format("{} steps; a request has at most {}", steps, kMaxSteps));
  }

  void from_files() {
    const std::optional<NpyArray> input = read(spec_.workload.input);
    if (!input) return;
    const std::optional<NpyArray> lengths =
        spec_.workload.lengths.empty() ? std::nullopt : read(spec_.workload.lengths);
    if (input->rows() == 0)
      return problem(fmt::format("{}: holds no request", spec_.workload.input));
    if (lengths && lengths->rows() != input->rows())
      return problem(fmt::format("{}: {} lengths for {} requests", spec_.workload.lengths,
                                 lengths->rows(), input->rows()));
    const bool symbols = model_.before.kind == HostBefore::Kind::kEmbedding;
    if (symbols != input->is_integer())
      return problem(fmt::format(
          "{}: holds {}; {} takes {}", spec_.workload.input, type_name(input->type), model_.name,
          symbols ? "symbol numbers (int32 or int64)" : "vectors (float16 or float32)"));
    for (std::int64_t row = 0; row < input->rows() && problems_.errors.size() < 5; ++row)
      add_request(*input, row,
                  lengths ? std::optional(lengths->integer_row(row).front()) : std::nullopt);
    read_labels(input->rows());
    read_golden(input->rows());
  }

  void add_request(const NpyArray& input, std::int64_t row, std::optional<std::int64_t> length) {
    const std::int64_t width = input.is_integer() ? 1 : model_.input;
    if (input.row_elements() % width != 0)
      return problem(fmt::format("{}: a request of {} values is no whole number of vectors of {}",
                                 spec_.workload.input, input.row_elements(), width));
    RequestInput request;
    const std::int64_t held = input.row_elements() / width;
    request.steps = length.value_or(held);
    if (request.steps < 1 || request.steps > held)
      return problem(fmt::format("{}: request {} has length {}; its row holds {}",
                                 spec_.workload.lengths, row, request.steps, held));
    if (model_.fixed_steps != 0 && request.steps != model_.fixed_steps)
      return problem(fmt::format("{}: request {} has {} steps; {} takes {}", spec_.workload.input,
                                 row, request.steps, model_.name, model_.fixed_steps));
    check_steps(request.steps);
    if (input.is_integer())
      take_symbols(input.integer_row(row), row, request);
    else
      request.values = input.float_row(row);
    request.values.resize(static_cast<std::size_t>(input.is_integer() ? 0 : request.steps * width));
    workload_.steps_max = std::max(workload_.steps_max, request.steps);
    workload_.inputs.given.push_back(std::move(request));
  }

  void take_symbols(const std::vector<std::int64_t>& row, std::int64_t number,
                    RequestInput& request) {
    const std::int64_t symbols =
        model_.before.table.shape.empty() ? 0 : model_.before.table.shape[0];
    for (std::int64_t step = 0; step < request.steps; ++step) {
      const std::int64_t symbol = row[static_cast<std::size_t>(step)];
      if (symbol < 0 || symbol >= symbols)
        return problem(fmt::format("{}: request {}, step {}: symbol {}; the table has 0 to {}",
                                   spec_.workload.input, number, step, symbol, symbols - 1));
      request.symbols.push_back(static_cast<std::int32_t>(symbol));
    }
  }

  void read_labels(std::int64_t rows) {
    if (spec_.workload.labels.empty()) return;
    const std::optional<NpyArray> labels = read(spec_.workload.labels);
    if (!labels) return;
    if (!labels->is_integer() || labels->rows() != rows ||
        (!model_.sequence_output && labels->row_elements() != 1))
      return problem(fmt::format("{}: {} rows of {} {}; {} requests need a label each",
                                 spec_.workload.labels, labels->rows(), labels->row_elements(),
                                 type_name(labels->type), rows));
    for (std::int64_t row = 0; row < rows; ++row)
      workload_.labels.push_back(labels->integer_row(row).front());
  }

  void read_golden(std::int64_t rows) {
    if (spec_.workload.golden.empty()) return;
    const std::optional<NpyArray> golden = read(spec_.workload.golden);
    if (!golden) return;
    if (golden->is_integer() || golden->rows() != rows ||
        (!model_.sequence_output && golden->row_elements() != model_.output))
      return problem(fmt::format("{}: {} rows of {} {}; expected {} rows of {} float values",
                                 spec_.workload.golden, golden->rows(), golden->row_elements(),
                                 type_name(golden->type), rows, model_.output));
    for (std::int64_t row = 0; row < rows; ++row)
      workload_.golden.push_back(golden->float_row(row));
  }

  const ClusterSpec& spec_;
  const Model& model_;
  Workload workload_;
  Diagnostics problems_;
};

}  // namespace

Checked<Workload> load_workload(const ClusterSpec& spec, const Model& model) {
  return Loader(spec, model).load();
}

}  // namespace soliton
