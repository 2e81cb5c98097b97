// Types and shapes of a graph's values in the requests of a workload. Requests may differ in one
// number, their steps: the words of a text, the frames of a recording.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "partition/ir/graph.h"

namespace soliton::ir {

// The extent of an input that is the number of a request's steps.
struct StepAxis {
  std::size_t input = 0;
  std::size_t axis = 0;
  bool operator==(const StepAxis&) const = default;
};

// Requests of one number of steps.
struct Trial {
  std::int64_t steps = 0;
  std::vector<Array> arrays;  // by input or by value; absent: not alike in these requests
};

struct RequestShapes {
  // By value, of the longest request. Absent where an extent is neither the same in all requests nor
  // the number of their steps; known where the elements are the same in all of them.
  std::vector<Array> arrays;
  // By value, for several numbers of steps in ascending order, the last of them that of the longest
  // request. Of one shape of requests one trial, whose steps are 0.
  std::vector<Trial> trials;

  bool differ() const { return trials.size() > 1; }
  std::int64_t steps() const { return trials.back().steps; }
  // Whether the extent is the number of steps.
  bool is_open(ValueId id, std::size_t axis) const;
  // kOpen in place of the number of steps. REQUIRES: arrays[id] is present.
  Shape shape_of(ValueId id) const;
};

// `inputs`: trials by input of the graph, at least one, as RequestShapes has them; what they say of
// state is not looked at. State that a request leaves in another shape than it found has no shape.
RequestShapes infer_shapes(const Graph& graph, std::span<const Trial> inputs);
// Of requests of one shape; `arrays` by value.
RequestShapes alike(std::vector<Array> arrays);

// The first extent in which requests differ, by request and input. nullopt: they differ in none.
std::optional<StepAxis> varying_axis(std::span<const std::vector<Array>> requests);
// The inputs of requests of up to `most` different numbers of steps, among them the fewest and the
// most, without their elements. An input is absent if it differs in more than its steps. REQUIRES:
// there are requests. `axis`: as varying_axis() finds it.
std::vector<Trial> trials_of(std::span<const std::vector<Array>> requests,
                             const std::optional<StepAxis>& axis, std::size_t most = 8);

}  // namespace soliton::ir
