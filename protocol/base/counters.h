// Counters as tables of fields: sums over nodes. Beside each struct of counters stands its table
// (fields.h), and whatever handles counters goes through it: the bytes of a report, sums over
// nodes, results.json, the tables of docs/results.md. A new counter is a member and its row.
#pragma once

#include "protocol/base/fields.h"

namespace soliton {

// Adds each number of `from` to that of `into`, both objects of the table's struct. A value that is
// not set in one of them is ignored. Rows that are not numbers are left as they are.
void add_counters(const FieldTable& table, const void* from, void* into);

}  // namespace soliton
