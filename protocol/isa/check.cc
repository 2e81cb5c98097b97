// shard_faults(): everything that must hold before a shard may run, each violation as one error.
#include "protocol/isa/check_data.h"
#include "protocol/isa/check_parts.h"
#include "protocol/isa/shard.h"

namespace soliton {

std::vector<ShardFault> shard_faults(const Shard& shard) {
  ShardFaults faults;
  if (!check_device(shard, faults)) return faults.take();
  check_resident(shard, faults);
  check_stream(shard, faults);
  if (check_chains(shard, faults)) faults.add(check_reads(shard));
  check_segments(shard, faults);
  check_batch(shard, faults);
  faults.at({});
  check_budgets(shard, faults);
  return faults.take();
}

Diagnostics check_shard(const Shard& shard) {
  Diagnostics out;
  for (ShardFault& fault : shard_faults(shard))
    out.add(fault.error.code, shard.node + ": " + fault.error.message);
  return out;
}

}  // namespace soliton
