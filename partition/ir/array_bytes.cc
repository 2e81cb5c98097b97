#include "partition/ir/array_bytes.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>

#include "partition/ir/element_count.h"

namespace soliton::ir {

namespace {

constexpr std::size_t kWord = 8;
constexpr std::size_t kRankMost = 64;

constexpr std::int64_t kUnknown = 1 << 16;
constexpr std::int64_t kGoesOn = 1 << 17;

// Reads what append_arrays() wrote; checks every size before it is used.
class Decoder {
 public:
  explicit Decoder(const Payload& payload) : payload_(payload) {}

  bool at_end() const { return at_ == payload_.size(); }

  Status list(std::vector<Array>& out) {
    std::vector<Head> heads;
    do {
      Result<Head> next = head();
      if (!next) return tl::unexpected(next.error());
      heads.push_back(std::move(*next));
    } while (heads.back().goes_on);
    std::vector<Array> arrays(heads.size());
    for (const bool known : {true, false})
      for (std::size_t i = 0; i < heads.size(); ++i) {
        if (heads[i].unknown == known) continue;
        Result<Array> array = elements(heads[i]);
        if (!array) return tl::unexpected(array.error());
        arrays[i] = std::move(*array);
      }
    std::ranges::move(arrays, std::back_inserter(out));
    return {};
  }

 private:
  struct Head {
    ElementType type = ElementType::kNone;
    Shape shape;
    bool unknown = false, goes_on = false;
  };

  static tl::unexpected<Error> cut_short() { return invalid("an array's bytes are cut short"); }

  std::optional<std::int64_t> word() {
    if (payload_.bytes.size() < at_ + kWord) return std::nullopt;
    std::int64_t out;
    std::memcpy(&out, payload_.bytes.data() + at_, kWord);
    at_ += kWord;
    return out;
  }

  Result<Head> head() {
    const std::optional<std::int64_t> head = word();
    if (!head) return cut_short();
    const auto type = static_cast<std::uint8_t>(*head);
    const auto rank = static_cast<std::size_t>((*head >> 8) & 0xff);
    if (type == 0 || type > static_cast<std::uint8_t>(ElementType::kBool) || rank > kRankMost ||
        *head >> 18 != 0)
      return invalid("an array's bytes begin with neither type nor rank");
    Head out{static_cast<ElementType>(type), {}, (*head & kUnknown) != 0, (*head & kGoesOn) != 0};
    for (std::size_t axis = 0; axis < rank; ++axis) {
      const std::optional<std::int64_t> extent = word();
      if (!extent) return cut_short();
      out.shape.push_back(*extent);
    }
    return out;
  }

  // In wall time the ghost bytes of unknown elements are real ones, which mean nothing.
  Result<Array> elements(const Head& head) {
    const std::optional<std::int64_t> count = element_count(head.shape);
    const std::uint64_t left = payload_.size() - at_;
    if (!count || static_cast<std::uint64_t>(*count) > left / element_bytes(head.type))
      return cut_short();
    const std::uint64_t bytes = static_cast<std::uint64_t>(*count) * element_bytes(head.type);
    const std::uint64_t from = at_;
    at_ += bytes;
    if (head.unknown) return Array::unknown(head.type, head.shape);
    if (at_ > payload_.bytes.size()) return cut_short();
    return with_type(head.type, [&](auto tag) {
      std::vector<typename decltype(tag)::type> out(static_cast<std::size_t>(*count));
      if (bytes > 0) std::memcpy(out.data(), payload_.bytes.data() + from, bytes);
      return Array::of(head.shape, std::move(out));
    });
  }

  const Payload& payload_;
  std::uint64_t at_ = 0;
};

}  // namespace

std::int64_t array_bytes(const Array& array) {
  return static_cast<std::int64_t>(kWord * (1 + array.rank())) + array.bytes();
}

void append_arrays(std::span<const Array> arrays, Payload& to) {
  for (const Array& array : arrays) {
    SOLITON_CHECK(array.present() && array.rank() <= kRankMost);
    std::vector<std::int64_t> head = {
        static_cast<std::int64_t>(array.type()) | static_cast<std::int64_t>(array.rank()) << 8 |
        (array.known() ? 0 : kUnknown) | (&array == &arrays.back() ? 0 : kGoesOn)};
    head.insert(head.end(), array.shape().begin(), array.shape().end());
    to.append(std::as_bytes(std::span(head)));
  }
  for (const Array& array : arrays)
    if (array.known()) to.append(array.raw());
  for (const Array& array : arrays)
    if (!array.known()) to.ghost += static_cast<std::uint64_t>(array.bytes());
}

Result<std::vector<Array>> arrays_of(const Payload& payload) {
  std::vector<Array> out;
  for (Decoder decoder(payload); !decoder.at_end();)
    if (const Status list = decoder.list(out); !list) return tl::unexpected(list.error());
  return out;
}

}  // namespace soliton::ir
