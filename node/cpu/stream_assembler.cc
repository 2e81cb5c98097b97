#include "node/cpu/stream_assembler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "partition/ir/element_count.h"
#include "protocol/base/check.h"
#include "protocol/base/path.h"
#include "protocol/tensor/half.h"

namespace soliton {

StreamAssembler::StreamAssembler(const StreamIn& stream) : stream_(stream) {
  SOLITON_CHECK_MSG(broken_rule(stream).empty(), "{}", broken_rule(stream));
  width_ =
      static_cast<std::size_t>(*element_count(shape_in(stream, 1)) / tokens_in(stream.tokens, 1));
}

StreamAssembler::Open& StreamAssembler::open(const DataHeader& header) {
  const auto [at, fresh] = open_.try_emplace(index(header.request));
  Open& open = at->second;
  if (!fresh) return open;
  open.steps = header.steps;
  open.tokens.resize(stream_.slices.size());
  open.missing = tokens(open) * static_cast<std::int64_t>(stream_.slices.size());
  return open;
}

bool StreamAssembler::on_message(const DataMessage& message, Instant now) {
  const auto k = static_cast<std::size_t>(message.header.port - stream_.first_port);
  const StreamSlice& slice = stream_.slices[k];
  const std::uint32_t request = index(message.header.request);
  const auto bytes = static_cast<std::uint64_t>(slice.elements) * sizeof(Half);
  if (request < next_ || message.vectors.size() != bytes ||
      tokens_in(stream_.tokens, message.header.steps) == 0)
    return false;
  Open& open = this->open(message.header);
  if (open.tokens[k] == tokens(open)) return false;
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
  open.values.resize(width_ * static_cast<std::size_t>(tokens(open)));
  const std::size_t first = static_cast<std::size_t>(token) * width_;
  float* to = open.values.data() + first + static_cast<std::size_t>(slice.offset);
  const std::byte* from = message.bytes.data();
  for (std::int64_t i = 0; i < slice.elements; ++i, ++to, from += sizeof(Half)) {
    Half value;
    std::memcpy(&value, from, sizeof value);
    *to = to_float(value);
  }
}

std::optional<StreamAssembler::Done> StreamAssembler::poll() {
  const auto first = open_.find(next_);
  if (first == open_.end() || first->second.missing > 0) return std::nullopt;
  Open& open = first->second;
  Done done{next_, open.started, open.steps, {}, since(open.last, open.started)};
  ir::Shape shape = shape_in(stream_, open.steps);
  done.array = open.known ? ir::Array::of<float>(std::move(shape), std::move(open.values))
                          : ir::Array::unknown(ir::ElementType::kFloat32, std::move(shape));
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
