// A host that does no work of its own: it sends every source when a request begins, and the request is
// answered with the last of the results.
#pragma once

#include <cstdint>
#include <string>

#include "partition/cost/priced_host.h"
#include "partition/ir/host_ports.h"

namespace soliton {

// `steps` and `batch`: of the request that is predicted. REQUIRES: all ports are those of `host`.
PricedHost plain_host(const std::string& host, const HostPorts& ports, std::int64_t steps,
                      std::uint32_t batch = 1);

}  // namespace soliton
