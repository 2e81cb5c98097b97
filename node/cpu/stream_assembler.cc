#include "node/cpu/stream_assembler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "partition/ir/element_count.h"
#include "protocol/base/check.h"
#include "protocol/base/path.h"
#include "protocol/tensor/half.h"

namespace soliton {

StreamAssembler::StreamAssembler(const StreamIn& stream, std::uint32_t batch)
    : stream_(stream), batch_(batch) {
  SOLITON_CHECK_MSG(broken_rule(stream).empty(), "{}", broken_rule(stream));
  width_ =
      static_cast<std::size_t>(*element_count(shape_in(stream, 1)) / tokens_in(stream.tokens, 1));
}

StreamAssembler::Open& StreamAssembler::open(const DataHeader& header, std::size_t lanes) {
  const auto [at, fresh] = open_.try_emplace(index(header.request));
  Open& open = at->second;
  if (!fresh) return open;
  open.steps = header.steps;
  open.lanes = lanes;
  open.tokens.resize(stream_.slices.size());
  open.missing = tokens(open) * static_cast<std::int64_t>(stream_.slices.size());
  return open;
}

bool StreamAssembler::on_message(const DataMessage& message, Instant now) {
  const auto k = static_cast<std::size_t>(message.header.port - stream_.first_port);
  const StreamSlice& slice = stream_.slices[k];
  const std::uint32_t request = index(message.header.request);
  const auto bytes = static_cast<std::uint64_t>(slice.elements) * sizeof(Half);
  const std::uint64_t lanes = message.vectors.size() / bytes;
  if (request < next_ || message.vectors.size() % bytes != 0 || lanes == 0 || lanes > batch_ ||
      tokens_in(stream_.tokens, message.header.steps) == 0)
    return false;
  Open& open = this->open(message.header, static_cast<std::size_t>(lanes));
  if (open.tokens[k] == tokens(open) || open.lanes != lanes) return false;
  const std::int64_t turn = open.tokens[k]++;
  --open.missing;
  open.started = std::max(open.started, message.header.started);
  if (stream_.tokens != 0) open.steps = std::max(open.steps, message.header.steps);
  const Arrival arrival = arrival_of(message.header, now);
  if (arrival.at >= open.last.at) open.last = arrival;
  // A socket carries every byte, so that values nobody computed arrive as zeros.
  open.known = open.known && message.header.functional && message.vectors.ghost == 0;
  if (open.known)
    store(slice, slice.reversed ? tokens(open) - 1 - turn : turn, message.vectors, open);
  return true;
}

void StreamAssembler::store(const StreamSlice& slice, std::int64_t token, const Payload& message,
                            Open& open) const {
  const std::size_t lane_values = width_ * static_cast<std::size_t>(tokens(open));
  open.values.resize(lane_values * open.lanes);
  const std::size_t first =
      static_cast<std::size_t>(token) * width_ + static_cast<std::size_t>(slice.offset);
  const std::byte* from = message.bytes.data();
  for (std::size_t lane = 0; lane < open.lanes; ++lane) {
    float* to = open.values.data() + lane * lane_values + first;
    for (std::int64_t i = 0; i < slice.elements; ++i, ++to, from += sizeof(Half)) {
      Half value;
      std::memcpy(&value, from, sizeof value);
      *to = to_float(value);
    }
  }
}

std::optional<StreamAssembler::Done> StreamAssembler::poll() {
  const auto first = open_.find(next_);
  if (first == open_.end() || first->second.missing > 0) return std::nullopt;
  Open& open = first->second;
  Done done{next_, open.started, open.steps, open.known, {}, since(open.last, open.started)};
  const ir::Shape shape = shape_in(stream_, open.steps);
  const std::size_t each = open.values.size() / open.lanes;
  for (std::size_t lane = 0; lane < open.lanes; ++lane) {
    const auto begin = open.values.begin() + static_cast<std::ptrdiff_t>(lane * each);
    std::vector<float> values(begin, begin + static_cast<std::ptrdiff_t>(each));
    done.lanes.push_back(open.known
                             ? ir::converted(ir::Array::of(shape, std::move(values)), stream_.type)
                             : ir::Array::unknown(stream_.type, shape));
  }
  open_.erase(first);
  ++next_;
  return done;
}

std::string StreamAssembler::describe() const {
  if (open_.empty()) return "";
  const auto& [request, open] = *open_.begin();
  const std::size_t slices = stream_.slices.size();
  std::string ports;
  for (std::size_t k = 0; k < slices; ++k)
    if (const std::int64_t missing = tokens(open) - open.tokens[k]; missing > 0)
      ports += fmt::format("{}{} at port {}", ports.empty() ? "" : ", ", missing,
                           stream_.first_port + k);
  return fmt::format("an array {} from FPGAs waits for {} of {} messages of request {}: {}",
                     ir::shape_text(shape_in(stream_, open.steps)), open.missing,
                     tokens(open) * static_cast<std::int64_t>(slices), request, ports);
}

}  // namespace soliton
