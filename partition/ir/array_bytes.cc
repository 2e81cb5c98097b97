#include "partition/ir/array_bytes.h"

#include <cstring>
#include <optional>

#include "partition/ir/element_count.h"

namespace soliton::ir {

namespace {

constexpr std::size_t kWord = 8;
constexpr std::size_t kRankMost = 64;

// Reads what append_array() wrote; checks every size before it is used.
class Decoder {
 public:
  explicit Decoder(const Payload& payload) : payload_(payload) {}

  bool at_end() const { return at_ == payload_.size(); }

  Result<Array> next() {
    const std::optional<std::int64_t> head = word();
    if (!head) return cut_short();
    const auto type = static_cast<std::uint8_t>(*head);
    const auto rank = static_cast<std::size_t>((*head >> 8) & 0xff);
    if (type == 0 || type > static_cast<std::uint8_t>(ElementType::kBool) || rank > kRankMost ||
        *head >> 16 != 0)
      return invalid("an array's bytes begin with neither type nor rank");
    Shape shape;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      const std::optional<std::int64_t> extent = word();
      if (!extent) return cut_short();
      shape.push_back(*extent);
    }
    return elements(static_cast<ElementType>(type), std::move(shape));
  }

 private:
  static tl::unexpected<Error> cut_short() { return invalid("an array's bytes are cut short"); }

  std::optional<std::int64_t> word() {
    if (payload_.bytes.size() < at_ + kWord) return std::nullopt;
    std::int64_t out;
    std::memcpy(&out, payload_.bytes.data() + at_, kWord);
    at_ += kWord;
    return out;
  }

  Result<Array> elements(ElementType type, Shape shape) {
    const std::optional<std::int64_t> count = element_count(shape);
    const std::uint64_t left = payload_.size() - at_;
    if (!count || static_cast<std::uint64_t>(*count) > left / element_bytes(type))
      return cut_short();
    const std::uint64_t bytes = static_cast<std::uint64_t>(*count) * element_bytes(type);
    const std::uint64_t from = at_;
    at_ += bytes;
    if (at_ > payload_.bytes.size()) return Array::unknown(type, std::move(shape));
    return with_type(type, [&](auto tag) {
      std::vector<typename decltype(tag)::type> out(static_cast<std::size_t>(*count));
      if (bytes > 0) std::memcpy(out.data(), payload_.bytes.data() + from, bytes);
      return Array::of(std::move(shape), std::move(out));
    });
  }

  const Payload& payload_;
  std::uint64_t at_ = 0;
};

}  // namespace

std::int64_t array_bytes(const Array& array) {
  return static_cast<std::int64_t>(kWord * (1 + array.rank())) + array.bytes();
}

void append_array(const Array& array, Payload& to) {
  SOLITON_CHECK(array.present() && array.rank() <= kRankMost);
  std::vector<std::int64_t> head = {static_cast<std::int64_t>(array.type()) |
                                    static_cast<std::int64_t>(array.rank()) << 8};
  head.insert(head.end(), array.shape().begin(), array.shape().end());
  to.append(std::as_bytes(std::span(head)));
  if (array.known())
    to.append(array.raw());
  else
    to.ghost += static_cast<std::uint64_t>(array.bytes());
}

Result<std::vector<Array>> arrays_of(const Payload& payload) {
  std::vector<Array> out;
  for (Decoder decoder(payload); !decoder.at_end();) {
    Result<Array> array = decoder.next();
    if (!array) return tl::unexpected(array.error());
    out.push_back(std::move(*array));
  }
  return out;
}

}  // namespace soliton::ir
