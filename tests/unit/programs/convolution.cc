#include "tests/unit/programs/convolution.h"

#include <fmt/format.h>

#include "partition/lower/builder.h"
#include "partition/lower/lower.h"

namespace soliton {
namespace {

constexpr Indexing kInput = Indexing::kOffset0;
constexpr ScalarRegister kInputOffset = ScalarRegister::kOffset0;

Status check(const ConvolutionSpec& spec, int native_dim) {
  const ConvolutionShape& s = spec.shape;
  if (s.height < 1 || s.width < 1 || s.channels < 1 || s.filters < 1 || s.kernel_height < 1 ||
      s.kernel_width < 1 || s.stride < 1 || s.padding < 0)
    return invalid(spec.name + ": sizes and stride are at least 1, padding at least 0");
  if (s.kernel_height > s.padded_height() || s.kernel_width > s.padded_width())
    return invalid(fmt::format("{}: a kernel of {} x {} in an input of {} x {} with its padding",
                               spec.name, s.kernel_height, s.kernel_width, s.padded_height(),
                               s.padded_width()));
  const std::int64_t patch = std::int64_t{s.kernel_height} * s.kernel_width * s.channels;
  if (spec.weights.shape != std::vector<std::int64_t>{s.filters, patch})
    return invalid(fmt::format("{}: weights are {} x {}", spec.name, s.filters, patch));
  if (spec.bias.shape != std::vector<std::int64_t>{s.filters})
    return invalid(fmt::format("{}: the bias has {} values", spec.name, s.filters));
  const std::int64_t vectors = tiles_along(s.channels, native_dim);
  if (std::int64_t{s.padded_height()} * s.padded_width() > kMaxIndex / vectors ||
      std::int64_t{s.stride} * s.padded_width() > kMaxStep / vectors)
    return invalid(fmt::format("{}: an input of {} x {} pixels has no addresses", spec.name,
                               s.padded_height(), s.padded_width()));
  if (spec.input != Memory::kInitialVrf && spec.input != Memory::kDram)
    return invalid(fmt::format("{}: the input lies in InitialVrf or Dram, not {}", spec.name,
                               memory_name(spec.input)));
  return {};
}

class ConvolutionProgram {
 public:
  ConvolutionProgram(ShardBuilder& builder, const ConvolutionSpec& spec)
      : b_(builder), spec_(spec), shape_(spec.shape), pixel_(b_.vectors(shape_.channels)) {}

  void emit() {
    const std::uint32_t pixels =
        static_cast<std::uint32_t>(shape_.padded_height() * shape_.padded_width());
    input_ = b_.reserve(spec_.input, pixels * pixel_);
    b_.zero(spec_.input, input_, pixels * pixel_);
    in_place_ = shape_.kernel_height == 1;
    if (!in_place_) patch_ = b_.reserve(Memory::kInitialVrf, patch_row() * kernel_rows());
    emit_receive();
    emit_pixels();
  }

 private:
  std::string label(const char* what) const { return spec_.name + "." + what; }
  std::uint32_t row_pitch() const {
    return static_cast<std::uint32_t>(shape_.padded_width()) * pixel_;
  }
  std::uint32_t patch_row() const {
    return static_cast<std::uint32_t>(shape_.kernel_width) * pixel_;
  }
  std::uint32_t kernel_rows() const { return static_cast<std::uint32_t>(shape_.kernel_height); }

  void step(const char* what, std::int64_t vectors) {
    b_.chain(label(what), 1).scalar(step_offset(kInputOffset, static_cast<std::int32_t>(vectors)));
  }

  // `inner` to `row` for every pixel of a row, `row` behind it, for every row.
  void loops(std::uint32_t inner, std::uint32_t row, int columns, int rows) {
    for (int y = 0; y < rows; ++y) {
      b_.add_segment({inner, row, columns, 0});
      b_.add_segment({row, row + 1, 1, 0});
    }
  }

  void emit_receive() {
    const std::uint16_t port = b_.in_port(label("pixel"), shape_.channels);
    const auto padding = static_cast<std::uint32_t>(shape_.padding);
    const std::uint32_t first = input_ + padding * (row_pitch() + pixel_);
    const std::uint32_t inner = b_.chains();
    b_.chain(label("receive"), pixel_).read_port(port).write_at(spec_.input, first, kInput);
    step("receive.next", pixel_);
    const std::uint32_t row = b_.chains();
    step("receive.row", std::int64_t{2} * shape_.padding * pixel_);
    loops(inner, row, shape_.width, shape_.height);
    b_.chain(label("first"), 1).scalar(write_scalar(kInputOffset, 0));
    b_.add_segment({row + 1, row + 2, 1, 0});
  }

  void emit_pixels() {
    const std::uint32_t inner = b_.chains();
    for (std::uint32_t y = 0; y < kernel_rows() && !in_place_; ++y)
      b_.chain(fmt::format("{}.patch{}", spec_.name, y), patch_row())
          .read_at(spec_.input, input_ + y * row_pitch(), kInput)
          .write(Memory::kInitialVrf, patch_ + y * patch_row());
    emit_product();
    const std::int64_t stride = std::int64_t{shape_.stride} * pixel_;
    step("next", stride);
    const std::uint32_t row = b_.chains();
    step("row", shape_.stride * std::int64_t{row_pitch()} - stride * shape_.out_width());
    loops(inner, row, shape_.out_width(), shape_.out_height());
  }

  void emit_product() {
    const auto positions = static_cast<std::size_t>(shape_.kernel_height) *
                           static_cast<std::size_t>(shape_.kernel_width);
    const PlacedMatrix weights = b_.matrix({&spec_.weights,
                                            {0, shape_.filters},
                                            std::vector<std::int64_t>(positions, shape_.channels),
                                            label("W")});
    const std::uint32_t bias = b_.constant(label("bias"), Memory::kAddSubVrf0,
                                           cut_bias({&spec_.bias}, {0, shape_.filters}));
    const std::uint16_t port = b_.out_port(label("out"), shape_.filters);
    ChainWriter chain = b_.chain(label("product"), weights.rows, weights.columns);
    if (in_place_)
      chain.read_at(spec_.input, input_, kInput);
    else
      chain.read(patch_);
    chain.product(weights).add0(bias);
    if (spec_.relu) chain.relu();
    chain.send(port);
  }

  ShardBuilder& b_;
  const ConvolutionSpec& spec_;
  const ConvolutionShape& shape_;
  std::uint32_t pixel_;  // native vectors
  std::uint32_t input_ = 0;
  std::uint32_t patch_ = 0;
  bool in_place_ = false;
};

}  // namespace

Result<Shard> lower_convolution(const std::string& node, const NpuDevice& device,
                                const NpuFormat& format, const ConvolutionSpec& spec,
                                bool with_weights) {
  if (Status good = check(spec, device.native_dim); !good)
    return tl::unexpected<Error>(good.error());
  ShardBuilder builder(node, device, format, with_weights);
  ConvolutionProgram(builder, spec).emit();
  return builder.take(1, 0);
}

}  // namespace soliton
