#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "cluster/workload/workload.h"
#include "partition/ir/npy.h"

namespace soliton {
namespace {

// Steps are 16 bits in a data message's header.
constexpr std::int64_t kMaxSteps = 65535;
// Per kind of error, because the first few explain the others.
constexpr std::size_t kMostProblems = 5;

// "int64 of shape (1200, 2)"
std::string shape_text(const NpyArray& array) {
  return fmt::format("{} of shape ({})", type_name(array.type), fmt::join(array.shape, ", "));
}

// REQUIRES: array.is_integer(), a value a row.
std::vector<std::int64_t> all_integers(const NpyArray& array) {
  std::vector<std::int64_t> out;
  out.reserve(static_cast<std::size_t>(array.rows()));
  for (std::int64_t row = 0; row < array.rows(); ++row)
    out.push_back(array.integer_row(row).front());
  return out;
}

// The common part of reading each of the files.
class Reader {
 public:
  Reader(const ClusterSpec& spec, const Model& model, Workload& workload, Diagnostics& problems)
      : spec_(spec), model_(model), workload_(workload), problems_(problems) {}

 protected:
  std::optional<NpyArray> read(const std::string& path) {
    workload_.files.note(path);
    Result<NpyArray> array = read_npy(path);
    if (array) return std::move(*array);
    refuse("{}", array.error().message);
    return std::nullopt;
  }

  // Always false.
  template <typename... T>
  bool refuse(fmt::format_string<T...> format, T&&... arguments) {
    problems_.add(ErrorCode::kInvalid, fmt::format(format, std::forward<T>(arguments)...));
    return false;
  }

  const ClusterSpec& spec_;
  const Model& model_;
  Workload& workload_;
  Diagnostics& problems_;
};

class RequestReader : Reader {
 public:
  using Reader::Reader;

  void random() {
    std::int64_t steps = spec_.model.rnn ? spec_.model.rnn->steps : model_.fixed_steps;
    if (steps == 0)
      refuse("{} takes requests of any length: workload.input must name a file", model_.name);
    workload_.inputs.seed = spec_.seed;
    workload_.inputs.random_steps = steps;
    workload_.steps_max = std::max<std::int64_t>(steps, 1);
    if (steps > kMaxSteps) refuse("{} steps; a request has at most {}", steps, kMaxSteps);
  }

  // Number of requests; 0 if unknown.
  std::int64_t from_files() {
    const std::optional<NpyArray> input = read(spec_.workload.input);
    if (!input || !check_input(*input)) return 0;
    const std::optional<std::vector<std::int64_t>> lengths = read_lengths(input->rows());
    if (!problems_.empty()) return 0;
    for (std::int64_t row = 0; row < input->rows() && problems_.errors.size() < kMostProblems;
         ++row)
      add_request(
          *input, row,
          lengths ? std::optional((*lengths)[static_cast<std::size_t>(row)]) : std::nullopt);
    return input->rows();
  }

 private:
  bool check_input(const NpyArray& input) {
    const std::string& file = spec_.workload.input;
    if (input.rows() == 0) return refuse("{}: holds no request", file);
    const bool symbols = model_.before.kind == HostBefore::Kind::kEmbedding;
    if (symbols != input.is_integer())
      return refuse("{}: holds {}; {} takes {}", file, type_name(input.type), model_.name,
                    symbols ? "symbol numbers (int32 or int64)" : "vectors (float16 or float32)");
    const std::int64_t width = symbols ? 1 : model_.input;
    if (input.row_elements() == 0 || input.row_elements() % width != 0)
      return refuse("{}: a request of {} values is not a whole number of vectors of {}", file,
                    input.row_elements(), width);
    return true;
  }

  // One for each request.
  std::optional<std::vector<std::int64_t>> read_lengths(std::int64_t rows) {
    const std::string& file = spec_.workload.lengths;
    if (file.empty()) return std::nullopt;
    const std::optional<NpyArray> lengths = read(file);
    if (!lengths) return std::nullopt;
    if (!lengths->is_integer() || lengths->rows() != rows || lengths->row_elements() != 1) {
      refuse("{}: holds {}; {} requests need a length each (int32 or int64)", file,
             shape_text(*lengths), rows);
      return std::nullopt;
    }
    return all_integers(*lengths);
  }

  void add_request(const NpyArray& input, std::int64_t row, std::optional<std::int64_t> length) {
    const std::int64_t width = input.is_integer() ? 1 : model_.input;
    RequestInput request;
    const std::int64_t held = input.row_elements() / width;
    if (!take_steps(row, held, length, request)) return;
    if (input.is_integer()) {
      take_symbols(input.integer_row(row), row, request);
    } else {
      request.values = input.float_row(row);
      request.values.resize(static_cast<std::size_t>(request.steps * width));
      check_numbers(request.values, row, width);
    }
    workload_.steps_max = std::max(workload_.steps_max, request.steps);
    workload_.inputs.given.push_back(std::move(request));
  }

  bool take_steps(std::int64_t row, std::int64_t held, std::optional<std::int64_t> length,
                  RequestInput& request) {
    const std::string& file = spec_.workload.input;
    // A constant of the model says how many steps of a row are used.
    const bool cut = model_.row_steps > 0 ? held == model_.row_steps
                                          : model_.row_steps < 0 && held >= model_.fixed_steps;
    if (cut && !length) length = model_.fixed_steps;
    request.steps = length.value_or(held);
    if (request.steps < 1 || request.steps > held)
      return refuse("{}: request {} has length {}; its row holds 1 to {}", spec_.workload.lengths,
                    row, request.steps, held);
    const bool fits = model_.fixed_steps == 0 || request.steps == model_.fixed_steps ||
                      (model_.takes_lengths && request.steps < model_.fixed_steps);
    if (!fits)
      return refuse("{}: request {} has {} steps; {} takes {}{}", file, row, request.steps,
                    model_.name, model_.takes_lengths ? "at most " : "", model_.fixed_steps);
    if (request.steps > kMaxSteps)
      return refuse("{}: request {} has {} steps; a request has at most {}", file, row,
                    request.steps, kMaxSteps);
    return true;
  }

  // An infinity is valid input for a model that clips or squashes it; a NaN is not.
  void check_numbers(const std::vector<float>& values, std::int64_t row, std::int64_t width) {
    const auto bad = std::ranges::find_if(values, [](float v) { return std::isnan(v); });
    if (bad == values.end()) return;
    const std::int64_t position = bad - values.begin();
    refuse("{}: request {}, step {}, element {}: not a number (NaN); any other value is allowed",
           spec_.workload.input, row, position / width, position % width);
  }

  void take_symbols(const std::vector<std::int64_t>& row, std::int64_t number,
                    RequestInput& request) {
    const std::int64_t symbols =
        model_.before.table.shape.empty() ? 0 : model_.before.table.shape[0];
    for (std::int64_t step = 0; step < request.steps; ++step) {
      const std::int64_t symbol = row[static_cast<std::size_t>(step)];
      if (symbol < 0 || symbol >= symbols) {
        refuse("{}: request {}, step {}: symbol {}; the table has 0 to {}", spec_.workload.input,
               number, step, symbol, symbols - 1);
        return;
      }
      request.symbols.push_back(static_cast<std::int32_t>(symbol));
    }
  }
};

// The expected answers.
class AnswerReader : Reader {
 public:
  using Reader::Reader;

  void read_labels() {
    const std::string& file = spec_.workload.labels;
    if (file.empty()) return;
    const std::optional<NpyArray> labels = read(file);
    if (!labels || !check_labels(*labels)) return;
    const std::size_t most = problems_.errors.size() + kMostProblems;
    for (std::int64_t row = 0; row < rows() && problems_.errors.size() < most; ++row) {
      std::vector<std::int64_t> classes = labels->integer_row(row);
      classes.resize(static_cast<std::size_t>(vectors(row)));
      for (std::size_t step = 0; step < classes.size(); ++step)
        if (classes[step] < 0 || classes[step] >= model_.output)
          refuse("{}: request {}{} has label {}; {} has the classes 0 to {}", file, row,
                 model_.sequence_output ? fmt::format(", step {},", step) : "", classes[step],
                 model_.name, model_.output - 1);
      workload_.labels.push_back(std::move(classes));
    }
  }

  void read_golden() {
    const std::string& file = spec_.workload.golden;
    if (file.empty()) return;
    const std::optional<NpyArray> golden = read(file);
    if (!golden || !check_golden(*golden)) return;
    const std::size_t most = problems_.errors.size() + kMostProblems;
    for (std::int64_t row = 0; row < rows() && problems_.errors.size() < most; ++row) {
      std::vector<float> values = golden->float_row(row);
      values.resize(static_cast<std::size_t>(vectors(row) * model_.output));
      // An infinity is a valid answer: masked classes have it.
      const auto bad = std::ranges::find_if(values, [](float v) { return std::isnan(v); });
      if (bad != values.end())
        refuse("{}: request {}, value {}: not a number (NaN); any other value is allowed", file,
               row, bad - values.begin());
      workload_.golden.push_back(std::move(values));
    }
  }

 private:
  std::int64_t rows() const { return static_cast<std::int64_t>(workload_.inputs.given.size()); }
  // How many vectors the model returns for a request.
  std::int64_t vectors(std::int64_t row) const {
    return model_.sequence_output ? workload_.inputs.given[static_cast<std::size_t>(row)].steps : 1;
  }

  // Rows are padded to one length; values after a request's last step are not checked.
  bool check_labels(const NpyArray& labels) {
    const std::int64_t held = labels.row_elements();
    const std::string& file = spec_.workload.labels;
    const bool right = labels.is_integer() && labels.rows() == rows();
    if (!model_.sequence_output)
      return (right && held == 1) ||
             refuse("{}: holds {}; {} requests need a label each (int32 or int64)", file,
                    shape_text(labels), rows());
    return (right && held >= workload_.steps_max) ||
           refuse(
               "{}: holds {}; {} returns a vector for each step, so {} requests of up to {} "
               "steps need a label for each step (int32 or int64 of shape ({}, {}))",
               file, shape_text(labels), model_.name, rows(), workload_.steps_max, rows(),
               workload_.steps_max);
  }

  bool check_golden(const NpyArray& golden) {
    const std::int64_t held = golden.row_elements();
    const std::string& file = spec_.workload.golden;
    const bool fits =
        model_.sequence_output ? held > 0 && held % model_.output == 0 : held == model_.output;
    if (golden.is_integer() || golden.rows() != rows() || !fits)
      return refuse("{}: holds {}; expected {} rows of {}{} values (float16 or float32)", file,
                    shape_text(golden), rows(), model_.sequence_output ? "a multiple of " : "",
                    model_.output);
    if (model_.sequence_output && held < workload_.steps_max * model_.output)
      return refuse("{}: holds {} values a request; the longest request has {} steps of {}", file,
                    held, workload_.steps_max, model_.output);
    return true;
  }
};

}  // namespace

Checked<Workload> load_workload(const ClusterSpec& spec, const Model& model) {
  Workload workload;
  workload.classes = model.output;
  workload.each_step = model.sequence_output;
  Diagnostics problems;
  RequestReader requests(spec, model, workload, problems);
  if (spec.workload.input == "random") {
    requests.random();
  } else if (const std::int64_t rows = requests.from_files(); rows > 0) {
    AnswerReader answers(spec, model, workload, problems);
    answers.read_labels();
    answers.read_golden();
  }
  if (!problems.empty()) return tl::unexpected<Diagnostics>(std::move(problems));
  return workload;
}

}  // namespace soliton
