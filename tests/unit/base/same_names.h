// Two files have a struct of one name in an unnamed namespace, whose members of one name lie at different
// places.
#pragma once

#include "protocol/base/fields.h"

namespace soliton {

extern const FieldTable kSameNamesFirst, kSameNamesSecond;

}  // namespace soliton
