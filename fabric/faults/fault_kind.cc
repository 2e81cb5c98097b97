#include "fabric/faults/fault_kind.h"

namespace soliton {

const FaultKind* find_fault_kind(std::string_view name) {
  for (const FaultKind* kind : fault_kinds())
    if (kind->name == name) return kind;
  return nullptr;
}

}  // namespace soliton
