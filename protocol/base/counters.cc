#include "protocol/base/counters.h"

namespace soliton {

void add_counters(const FieldTable& table, const void* from, void* into) {
  for (const Field& field : table.fields) {
    if (field.get == nullptr || field.set == nullptr) continue;
    const FieldValue more = field.get(from);
    const FieldValue known = field.get(into);
    const auto* count = std::get_if<std::int64_t>(&more.value);
    if (count == nullptr || more.is_unset() || field.type == FieldType::kChoice ||
        field.type == FieldType::kFlag)
      continue;
    if (known.is_unset()) {
      field.set(into, more);
      continue;
    }
    // As unsigned numbers, so that a sum that leaves 64 bits wraps like the members themselves.
    const auto sum =
        static_cast<std::uint64_t>(known.number()) + static_cast<std::uint64_t>(*count);
    field.set(into, {static_cast<std::int64_t>(sum)});
  }
}

}  // namespace soliton
