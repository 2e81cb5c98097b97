// Normalisations: means and variances in double, in ascending order, results rounded once.
#include <array>
#include <cmath>

#include "partition/ir/ops/common.h"
#include "partition/ir/ops/wide.h"
#include "protocol/math/math.h"

namespace soliton::ir {

namespace {

// Parameters of a normalisation are few, so they are read as double whatever their type.
std::vector<double> doubles_of(const Array& array) {
  if (!array.present()) return {};
  const Array wide = converted(array, ElementType::kFloat64);
  return {wide.as<double>().begin(), wide.as<double>().end()};
}

Status check_channels_first(const Array& in) {
  if (in.rank() >= 2) return {};
  return invalid(fmt::format("has an input of shape {} without channels", shape_text(in.shape())));
}

// One mean and one reciprocal standard deviation.
struct Moments {
  double mean = 0;
  double scale = 1;  // 1 / sqrt(variance + epsilon)
};

template <typename T>
Moments moments_of(std::span<const T> values, double epsilon) {
  const auto count = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const T value : values) sum += as_double(value);
  const double mean = sum / count;
  for (const T value : values) squares += (as_double(value) - mean) * (as_double(value) - mean);
  return {mean, 1 / std::sqrt(squares / count + epsilon)};
}
template <typename T>
Moments root_mean_square_of(std::span<const T> values, double epsilon) {
  double squares = 0;
  for (const T value : values) squares += as_double(value) * as_double(value);
  return {0, 1 / std::sqrt(squares / static_cast<double>(values.size()) + epsilon)};
}

// Inference only: scale * (x - mean) / sqrt(variance + epsilon) + bias for each channel.
Result<Outputs> batch_normalization(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 5));
  for (std::size_t k = 0; k < 5; ++k) SOLITON_IR_CHECK(check_real(call, k));
  SOLITON_IR_TRY(training, call.node.integer("training_mode", 0));
  SOLITON_IR_TRY(spatial, call.node.integer("spatial", 1));
  SOLITON_IR_TRY(epsilon, call.node.real("epsilon", 1e-5F));
  if (training != 0) return invalid("has training_mode 1, which is not supported");
  if (spatial != 1) return invalid("has spatial 0, which is not supported");
  for (std::size_t k = 1; k < 5; ++k)
    if (call.node.wants(k)) return invalid("makes outputs of training, which is not supported");
  const Array& in = call.input(0);
  const std::int64_t channels = in.rank() > 1 ? in.shape()[1] : 1;
  for (std::size_t k = 1; k < 5; ++k)
    SOLITON_IR_CHECK(check_shape(call.input(k), {channels}, "an input"));
  if (!call.known()) return one(in.forgotten());
  if (in.elements() == 0) return one(in);
  const std::vector<double> scale = doubles_of(call.input(1)), bias = doubles_of(call.input(2)),
                            mean = doubles_of(call.input(3)), variance = doubles_of(call.input(4));
  const std::size_t plane = to_size(in.elements() / (in.rank() > 0 ? in.shape()[0] : 1) / channels);
  return with_real(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::span<const T> x = in.as<T>();
    std::vector<T> out(x.size());
    for (std::size_t first = 0; first < x.size(); first += plane) {
      const std::size_t c = first / plane % scale.size();
      const double factor = scale[c] / std::sqrt(variance[c] + static_cast<double>(epsilon));
      for (std::size_t i = first; i < first + plane; ++i)
        out[i] = rounded_to<T>((as_double(x[i]) - mean[c]) * factor + bias[c]);
    }
    return one(Array::of(in.shape(), std::move(out)));
  });
}

// Groups of channels of one sample are normalised together; scale and bias have one number for each
// channel, or for each group.
Result<Outputs> normalize_groups(const Call& call, std::int64_t groups) {
  const Array& in = call.input(0);
  SOLITON_IR_TRY(epsilon, call.node.real("epsilon", 1e-5F));
  const std::int64_t channels = in.shape()[1];
  if (groups < 1 || channels % groups != 0)
    return invalid(fmt::format("has {} groups for {} channels", groups, channels));
  for (const std::size_t k : {1UL, 2UL}) {
    SOLITON_IR_CHECK(check_real(call, k));
    if (call.input(k).shape() != Shape{channels} && call.input(k).shape() != Shape{groups})
      return invalid(fmt::format("has an input {} of shape {} for {} channels", k,
                                 shape_text(call.input(k).shape()), channels));
  }
  if (!call.known()) return one(in.forgotten());
  if (in.elements() == 0) return one(in);
  const std::vector<double> scale = doubles_of(call.input(1)), bias = doubles_of(call.input(2));
  const std::size_t plane = to_size(in.elements() / in.shape()[0] / channels);
  const std::size_t group = plane * to_size(channels / groups);
  const auto parameter = [&](const std::vector<double>& values, std::size_t channel) {
    return values[channel * values.size() / to_size(channels)];
  };
  return with_real(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::span<const T> x = in.as<T>();
    std::vector<T> out(x.size());
    for (std::size_t first = 0; first < x.size(); first += group) {
      const Moments m = moments_of<T>(x.subspan(first, group), static_cast<double>(epsilon));
      for (std::size_t i = first; i < first + group; ++i) {
        const std::size_t channel = i / plane % to_size(channels);
        out[i] = rounded_to<T>((as_double(x[i]) - m.mean) * m.scale * parameter(scale, channel) +
                               parameter(bias, channel));
      }
    }
    return one(Array::of(in.shape(), std::move(out)));
  });
}

Result<Outputs> instance_normalization(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 3));
  SOLITON_IR_CHECK(check_real(call, 0));
  SOLITON_IR_CHECK(check_channels_first(call.input(0)));
  return normalize_groups(call, std::max<std::int64_t>(1, call.input(0).shape()[1]));
}

Result<Outputs> group_normalization(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 3));
  SOLITON_IR_CHECK(check_real(call, 0));
  SOLITON_IR_CHECK(check_channels_first(call.input(0)));
  SOLITON_IR_TRY(groups, call.node.integer("num_groups", 0));
  return normalize_groups(call, groups);
}

// How an array falls into rows that are normalised along the axes from `axis` on.
struct Rows {
  std::int64_t count = 1;
  std::size_t length = 1;
  Shape outer;  // the shape with 1 for each axis of a row
  Shape inner;  // the shape of a row
};

Result<Rows> rows_of(const Call& call, std::int64_t default_axis) {
  SOLITON_IR_TRY(stated, call.node.integer("axis", default_axis));
  const Shape& shape = call.input(0).shape();
  SOLITON_IR_TRY(axis, axis_in(stated, shape.size()));
  const auto split = shape.begin() + static_cast<std::ptrdiff_t>(axis);
  Rows rows{1, 1, {shape.begin(), split}, {split, shape.end()}};
  rows.outer.resize(shape.size(), 1);
  SOLITON_IR_CHECK(check_fits(call, rows.outer));
  if (call.input(0).elements() == 0 || !call.known()) return rows;
  rows.count = extent_product(shape, 0, axis);
  rows.length = to_size(extent_product(shape, axis, shape.size()));
  return rows;
}

// Input k as the numbers of a row, or nothing if it is left out. Error: it does not broadcast to a row.
Result<std::vector<double>> row_parameter(const Call& call, std::size_t k, const Rows& rows) {
  if (!call.has(k)) return std::vector<double>();
  SOLITON_IR_CHECK(check_real(call, k));
  const Shape* shapes[] = {&rows.inner, &call.input(k).shape()};
  const Result<Shape> together = broadcast_shape(shapes);
  if (!together || *together != rows.inner)
    return invalid(fmt::format("has an input {} of shape {} for rows of shape {}", k,
                               shape_text(call.input(k).shape()), shape_text(rows.inner)));
  if (!call.known()) return std::vector<double>();
  return doubles_of(broadcast_to(call.input(k), rows.inner));
}

// Which outputs besides the first there are: mean and reciprocal deviation of each row, in fp32 or
// fp64.
enum class Extra : std::uint8_t { kNone, kBoth, kScale };

struct RowResult {
  Array y;
  std::vector<double> means, scales;
};

template <typename Measure>
RowResult normalized_rows(const Array& in, const Rows& rows, const std::vector<double>& scale,
                          const std::vector<double>& bias, Measure measure) {
  return with_real(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::span<const T> x = in.as<T>();
    std::vector<T> out(x.size());
    RowResult result;
    for (std::size_t first = 0; first < x.size(); first += rows.length) {
      const Moments m = measure(x.subspan(first, rows.length));
      result.means.push_back(m.mean);
      result.scales.push_back(m.scale);
      for (std::size_t i = 0; i < rows.length; ++i) {
        double value = (as_double(x[first + i]) - m.mean) * m.scale;
        if (!scale.empty()) value *= scale[i];
        if (!bias.empty()) value += bias[i];
        out[first + i] = rounded_to<T>(value);
      }
    }
    result.y = Array::of(in.shape(), std::move(out));
    return result;
  });
}

template <typename Measure>
Result<Outputs> normalize_rows(const Call& call, Extra extra, Measure measure) {
  SOLITON_IR_CHECK(check_inputs(call, 2));
  SOLITON_IR_CHECK(check_real(call, 0));
  SOLITON_IR_TRY(epsilon, call.node.real("epsilon", 1e-5F));
  SOLITON_IR_TRY(rows, rows_of(call, -1));
  SOLITON_IR_TRY(scale, row_parameter(call, 1, rows));
  SOLITON_IR_TRY(bias, row_parameter(call, 2, rows));
  const Array& in = call.input(0);
  const ElementType statistics =
      in.type() == ElementType::kFloat64 ? ElementType::kFloat64 : ElementType::kFloat32;
  Outputs outputs = {in.forgotten()};
  if (extra != Extra::kNone) outputs.push_back(Array::unknown(statistics, rows.outer));
  if (extra == Extra::kBoth) outputs.push_back(outputs[1]);
  if (!call.known()) return outputs;
  if (in.elements() == 0) return one(in);
  RowResult result = normalized_rows(
      in, rows, scale, bias, [&](auto row) { return measure(row, static_cast<double>(epsilon)); });
  outputs[0] = std::move(result.y);
  const auto list = [&](std::vector<double>& values) {
    return converted(Array::of(rows.outer, std::move(values)), statistics);
  };
  if (extra == Extra::kBoth) outputs[1] = list(result.means);
  if (extra != Extra::kNone) outputs.back() = list(result.scales);
  return outputs;
}

Result<Outputs> layer_normalization(const Call& call) {
  return normalize_rows(call, Extra::kBoth,
                        [](auto row, double epsilon) { return moments_of(row, epsilon); });
}
Result<Outputs> rms_normalization(const Call& call) {
  return normalize_rows(call, Extra::kNone,
                        [](auto row, double epsilon) { return root_mean_square_of(row, epsilon); });
}
// ONNX Runtime's name of RMSNormalization; its second output is the reciprocal root mean square.
Result<Outputs> simplified_layer_normalization(const Call& call) {
  return normalize_rows(call, Extra::kScale,
                        [](auto row, double epsilon) { return root_mean_square_of(row, epsilon); });
}

// Every line of elements along one axis, one after another.
struct Lines {
  std::size_t outer, length, inner;
};

Result<Outputs> lp_normalization(const Call& call) {
  SOLITON_IR_CHECK(check_real(call, 0));
  SOLITON_IR_TRY(stated, call.node.integer("axis", -1));
  SOLITON_IR_TRY(p, call.node.integer("p", 2));
  if (p != 1 && p != 2) return invalid(fmt::format("has a p of {}; 1 and 2 are supported", p));
  const Array& in = call.input(0);
  SOLITON_IR_TRY(axis, axis_in(stated, in.rank()));
  if (!in.known() || in.elements() == 0) return one(in);
  const Lines lines{to_size(extent_product(in.shape(), 0, axis)), to_size(in.shape()[axis]),
                    to_size(extent_product(in.shape(), axis + 1, in.rank()))};
  return with_real(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::span<const T> x = in.as<T>();
    std::vector<T> out(x.size());
    for (std::size_t line = 0; line < lines.outer * lines.inner; ++line) {
      const std::size_t first =
          line / lines.inner * lines.length * lines.inner + line % lines.inner;
      double norm = 0;
      for (std::size_t i = 0; i < lines.length; ++i) {
        const double value = as_double(x[first + i * lines.inner]);
        norm += p == 1 ? std::abs(value) : value * value;
      }
      if (p == 2) norm = std::sqrt(norm);
      for (std::size_t i = first; i < first + lines.length * lines.inner; i += lines.inner)
        out[i] = rounded_to<T>(norm == 0 ? 0 : as_double(x[i]) / norm);
    }
    return one(Array::of(in.shape(), std::move(out)));
  });
}

// (x - mean) / deviation over the given axes; ONNX adds 1e-9 to the deviation.
Result<Outputs> mean_variance_normalization(const Call& call) {
  SOLITON_IR_CHECK(check_real(call, 0));
  SOLITON_IR_TRY(stated, call.node.integers("axes", {0, 2, 3}));
  const Array& in = call.input(0);
  SOLITON_IR_TRY(axes, axes_in(stated, in.rank()));
  if (!in.known() || in.elements() == 0) return one(in);
  std::vector<std::int64_t> steps(in.rank(), 0);  // of the statistics along each axis
  std::int64_t kept = 1;
  for (std::size_t axis = in.rank(); axis-- > 0;) {
    if (std::ranges::find(axes, axis) != axes.end()) continue;
    steps[axis] = kept;
    kept *= in.shape()[axis];
  }
  return with_real(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::span<const T> x = in.as<T>();
    std::vector<std::size_t> group(x.size());
    std::size_t at = 0;
    for_each_index(in.shape(), [&](const std::vector<std::int64_t>& index) {
      std::int64_t sum = 0;
      for (std::size_t axis = 0; axis < index.size(); ++axis) sum += index[axis] * steps[axis];
      group[at++] = to_size(sum);
    });
    std::vector<double> means(to_size(kept)), deviations(to_size(kept));
    const double count = static_cast<double>(in.elements() / kept);
    for (std::size_t i = 0; i < x.size(); ++i) means[group[i]] += as_double(x[i]);
    for (double& mean : means) mean /= count;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double d = as_double(x[i]) - means[group[i]];
      deviations[group[i]] += d * d;
    }
    for (double& deviation : deviations) deviation = std::sqrt(deviation / count) + 1e-9;
    std::vector<T> out(x.size());
    for (std::size_t i = 0; i < x.size(); ++i)
      out[i] = rounded_to<T>((as_double(x[i]) - means[group[i]]) / deviations[group[i]]);
    return one(Array::of(in.shape(), std::move(out)));
  });
}

constexpr Operator kOperators[] = {
    {"BatchNormalization", batch_normalization},
    {"GroupNormalization", group_normalization},
    {"InstanceNormalization", instance_normalization},
    {"LayerNormalization", layer_normalization},
    {"LpNormalization", lp_normalization},
    {"MeanVarianceNormalization", mean_variance_normalization},
    {"RMSNormalization", rms_normalization},
    {"SimplifiedLayerNormalization", simplified_layer_normalization},
    {"com.microsoft:RMSNormalization", rms_normalization},
    {"com.microsoft:SimplifiedLayerNormalization", simplified_layer_normalization},
};

}  // namespace

std::span<const Operator> norm_operators() { return kOperators; }

}  // namespace soliton::ir
