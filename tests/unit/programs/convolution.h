// A convolution as an NPU program: weights resident, one product an output pixel over a patch of
// the padded input, which moves gather (docs/isa.md).
//
//   in port 0:   height * width messages of one request, a pixel's channels each, row by row
//   out port 0:  out_height * out_width messages, a pixel's filters each, row by row
//
// A pixel takes ceil(channels / N) native vectors. The matrix has a row a filter and, for each
// position of the kernel row by row, a pixel's vectors; so patch rows are contiguous and one move
// gathers each. A kernel one pixel high needs no patch: its product reads the input in place.
#pragma once

#include <string>

#include "partition/ir/layer_graph.h"
#include "protocol/isa/shard.h"

namespace soliton {

struct ConvolutionShape {
  int height = 1;
  int width = 1;
  int channels = 1;
  int filters = 1;
  int kernel_height = 1;
  int kernel_width = 1;
  int stride = 1;
  int padding = 0;  // pixels of zeros on every side

  int padded_height() const { return height + 2 * padding; }
  int padded_width() const { return width + 2 * padding; }
  int out_height() const { return (padded_height() - kernel_height) / stride + 1; }
  int out_width() const { return (padded_width() - kernel_width) / stride + 1; }
  // Multiply-adds twice.
  double operations() const {
    return 2.0 * out_height() * out_width() * filters * kernel_height * kernel_width * channels;
  }
};

struct ConvolutionSpec {
  std::string name;
  ConvolutionShape shape;
  Tensor weights;  // filters x (kernel_height * kernel_width * channels), channels innermost
  Tensor bias;     // filters
  bool relu = true;
  Memory input = Memory::kInitialVrf;  // where the padded input lies: kInitialVrf or kDram
};

// Whether it fits the device is check_shard()'s concern.
// Errors: kInvalid for a shape without output, or tensors that do not have its sizes.
Result<Shard> lower_convolution(const std::string& node, const NpuDevice& device,
                                const NpuFormat& format, const ConvolutionSpec& spec,
                                bool with_weights);

}  // namespace soliton
