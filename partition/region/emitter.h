// What the rules for operators share while a graph is split: which arrays are vectors on FPGAs, and
// the layers made so far. Inside partition/region only.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "partition/region/split_model.h"
#include "protocol/base/result.h"

namespace soliton::region {

// An array as vectors on FPGAs: `tokens` of them, each the parts side by side; row-major they are
// the array's elements.
struct Vectors {
  std::vector<LayerInput> parts;
  std::int64_t tokens = 1;  // of the longest request
  bool per_step = false;    // one for each step of a request
  std::int64_t width = 0;
  // The array has one element for each token, and all of the vector's elements are that one: what a
  // reduction leaves.
  bool spread = false;
};

// An array [1, channels, tokens] of a stream, of which every request brings one token; those of the
// requests before are state, which FPGAs keep for themselves.
struct Stream {
  ir::ValueId newest = ir::kAbsent;  // the token of the request
  std::int64_t before = 0;           // tokens that are joined with it in front
  // The tokens before and the newest one, or a part of these that only joins read.
  enum class Place : std::uint8_t { kJoined, kCut } place = Place::kJoined;
  // Others want that state too: a CPU part makes the same for them, from the same tokens.
  bool also_on_cpu = false;
};

// The second operand of a point-wise operation.
struct Operand {
  std::optional<LayerInput> vector;
  std::vector<float> constant;  // one, or as many as the vector has elements
  float padding = 0;            // as PointOperation::padding
};

class Emitter {
 public:
  explicit Emitter(const SplitRequest& request);

  const ir::Graph& graph() const { return *request_.graph; }
  const ir::RequestShapes& shapes() const { return *request_.shapes; }
  // Of the longest request.
  const ir::Array& array(ir::ValueId id) const { return shapes().arrays[id]; }
  bool has(Opcode opcode) const { return request_.has(opcode); }
  // Whether it is a constant of real numbers, and its elements in fp32; null if it is none, or only
  // its shape is known.
  bool is_constant(ir::ValueId id) const;
  const float* constant(ir::ValueId id) const;
  // Whether a layer that reads `input` and makes `output` can keep it from request to request: it is
  // state that begins with zeros, and nobody else reads it. keeps() notes that it is kept.
  bool can_keep(ir::ValueId input, ir::ValueId output) const;
  bool keeps(ir::ValueId input, ir::ValueId output);
  const std::vector<std::size_t>& kept() const { return kept_; }

  // The vectors of an array that an FPGA makes; null if none does.
  const Vectors* made(ir::ValueId id) const;
  // The vectors of any array, in rows of `width`: those of an FPGA, or sent by a CPU part. What only
  // keeps the order of the elements is passed over: a CPU part sends what it reads. Error: the array
  // is not of real numbers, or divided otherwise.
  Result<Vectors> vectors(ir::ValueId id, std::int64_t width);
  // The same, sent by a CPU part even if an FPGA makes the array.
  Result<Vectors> sent_vectors(ir::ValueId id, std::int64_t width);
  void set(ir::ValueId id, Vectors vectors) { made_[id] = std::move(vectors); }

  // Null: the array is none.
  const Stream* stream(ir::ValueId id) const;
  void set_stream(ir::ValueId id, const Stream& stream) { streams_[id] = stream; }

  // The columns of an array [1, channels, tokens] that convolutions on FPGAs read and make; null: the
  // array is none.
  const Vectors* turned(ir::ValueId id) const;
  void set_turned(ir::ValueId id, Vectors vectors) { turned_[id] = std::move(vectors); }

  Vectors add(RecurrentLayer layer);
  Vectors add(DenseLayer layer);
  // Point-wise work behind vectors of one part.
  Result<Vectors> point(const std::string& name, const Vectors& in, Opcode opcode,
                        const Operand& operand = {});
  LayerGraph& model() { return model_; }
  // The number of steps over which layers run backwards: those of a request, and so one for all.
  std::optional<std::int64_t>& turned_steps() { return turned_steps_; }
  const std::vector<ir::ValueId>& sources() const { return sources_; }
  std::string fresh_name(const std::string& wanted);

  // Everything since then is undone by going back to a mark.
  struct Mark {
    std::size_t layers = 0, sources = 0, kept = 0;
  };
  Mark mark() const { return {model_.layers.size(), sources_.size(), kept_.size()}; }
  void back_to(const Mark& mark);

 private:
  Result<Vectors> sent(ir::ValueId id, std::int64_t width) const;
  ir::ValueId before_views(ir::ValueId id) const;

  const SplitRequest& request_;
  LayerGraph model_;
  std::vector<ir::ValueId> sources_;
  std::vector<std::size_t> kept_;                                          // of Graph::states
  std::map<std::pair<ir::ValueId, std::int64_t>, std::size_t> source_of_;  // by array, width
  std::map<ir::ValueId, Vectors> made_;
  std::map<ir::ValueId, Vectors> turned_;
  std::map<ir::ValueId, Stream> streams_;
  mutable std::map<ir::ValueId, ir::Array> as_fp32_;  // constants
  std::map<std::string, std::size_t> names_;
  std::optional<std::int64_t> turned_steps_;
};

// How operators of one name become layers. Error: why this node cannot, worded to follow its name.
struct Rule {
  std::string_view op;
  Status (*emit)(Emitter&, const ir::Node&);
  // What it needs beside the functions of every device, for documents: "exp, row_reduce".
  std::string_view needs = {};
};
std::span<const Rule> product_rules();
std::span<const Rule> convolution_rules();
std::span<const Rule> recurrent_rules();
std::span<const Rule> point_rules();
std::span<const Rule> movement_rules();
std::span<const Rule> function_rules();

// Whether the operator hands on the elements of its first input in their order, as its name and
// shapes alone say (movements.cc).
bool keeps_order(const Emitter& emitter, const ir::Node& node);

// Where the elements of the first input go that a movement keeps: by element of the output
// (movements.cc). nullopt: that is not known.
std::optional<std::vector<std::int64_t>> origins(const Emitter& emitter, const ir::Node& node,
                                                 const ir::Trial& trial);

// A Concat of state and the token of a request, and the movement that drops the oldest token, before
// that or behind it (convolutions.cc). False: the node is nothing of the kind.
bool joins_stream(Emitter& emitter, const ir::Node& node);
bool cuts_stream(Emitter& emitter, const ir::Node& node);

// A transposition between vectors and the columns that convolutions read and make; nullopt: the node is
// none.
std::optional<Status> turns_tokens(Emitter& emitter, const ir::Node& node);

bool finite(const Tensor& tensor);

// What rules for point-wise work share (points.cc): the vectors of the first input that an FPGA
// makes, and what the operator combines them with.
struct Operands {
  Vectors in;
  std::size_t position = 0;  // of the input
};
Result<Operands> first_made(Emitter& emitter, const ir::Node& node);
Result<Operand> operand_of(Emitter& emitter, ir::ValueId id, const Vectors& in);
// Steps one behind the other; fuse() makes few chains of them.
struct PointStep {
  Opcode opcode;
  Operand operand;
};
Result<Vectors> continue_with(Emitter& emitter, const std::string& name, const Vectors& in,
                              const std::vector<PointStep>& steps);
Operand constant(float value);
// A vector as an operand. Error: it lies in several parts.
Result<Operand> as_operand(const Vectors& vectors);
// One over each element.
Result<Vectors> reciprocal(Emitter& emitter, const std::string& name, const Vectors& in);

// Joins layers that fit into one chain.
void fuse(LayerGraph& model);

}  // namespace soliton::region
